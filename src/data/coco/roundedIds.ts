// Ids of annotations from 2^53 on, which doubles round. Only whether two are the same matters to an evaluation, so they may be
// rounded as long as all of them differ then.

import { DataError } from '../../errors.ts';
import { isExactId } from './exactId.ts';
import { IdIndex } from './idIndex.ts';

/**
 * Refuses rounded ids that are no annotation's own.
 * @param ids [annotations]; NaN where missing
 * @param name of the file, for the message
 * @throws DataError naming two annotations that one double stands for
 */
export function expectOwnIds(ids: Float64Array, name: string): void {
  const index = new IdIndex(ids);
  const row = ids.findIndex((id, at) => !Number.isNaN(id) && !isExactId(id) && index.row(id) !== at);
  if (row === -1) return;
  throw new DataError(`CocoDataset: expected ids of annotations in ${name} that differ as doubles, got annotations[${row}] and ` +
    `annotations[${index.row(ids[row]!)}], which are both ${BigInt(ids[row]!)}: from 2^53 on ids are rounded to their neighbours; no results name ` +
    "annotations, so number them anew from 1 (jq '.annotations |= (to_entries | map(.value + {id: (.key + 1)}))' FILE)");
}
