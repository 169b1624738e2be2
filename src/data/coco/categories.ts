// A file's categories.

import { DataError } from '../../errors.ts';
import { describeValue } from './describeValue.ts';
import { EXACT_ID, isExactId } from './exactId.ts';
import type { CocoCategory } from './records.ts';

/**
 * Checks what JSON.parse gave. A category without a name is named by its id.
 * @param where what errors call the file
 * @throws DataError for a category that is no object, or whose id is no number or too large to be exact
 */
export function categoriesOf(values: readonly unknown[], where: string): CocoCategory[] {
  return values.map((value, index) => {
    const category = typeof value === 'object' && value !== null ? value as Partial<CocoCategory> : {};
    const { id, name } = category;
    if (typeof id !== 'number') {
      throw new DataError(`CocoDataset: expected an object with a number as id for categories[${index}] of ${where}, got ${describeValue(value)}`);
    }
    if (!isExactId(id)) throw new DataError(`CocoDataset: expected ${EXACT_ID} as id for categories[${index}] of ${where}, got ${id}; number them anew`);
    return { ...category, id, name: typeof name === 'string' ? name : String(id) };
  });
}
