// Where each value of a ragged tensor goes in the dense tensor that holds it.

import { backend_util } from '@tensorflow/tfjs-core';

type RowPartitionType = backend_util.RowPartitionType;
const { RowPartitionType } = backend_util;

/** A level of the ragged tensor as the parent row of each of its rows. */
function parentsOf(partition: readonly number[], type: RowPartitionType, parentCount: number): number[] {
  switch (type) {
    case RowPartitionType.VALUE_ROWIDS: {
      const outside = partition.find((id) => id >= parentCount);
      if (outside !== undefined) throw new Error(`Got row id ${outside}, which is not less than ${parentCount}`);
      return [...partition];
    }
    case RowPartitionType.ROW_SPLITS: {
      if (partition.length - 1 > parentCount) {
        throw new Error(`Row partition size is greater than output size: ${partition.length - 1} > ${parentCount}`);
      }
      return partition.slice(1).flatMap((end, row) => Array.from({ length: end - partition[row]! }, () => row));
    }
    default: throw new Error(`Unsupported partition type: ${RowPartitionType[type]}`);
  }
}

/** How far into its parent each row is: 0, 1, 2 … while the parent stays the same. */
function columnsOf(parents: readonly number[]): number[] {
  let column = -1;
  return parents.map((parent, row) => {
    column = row > 0 && parent === parents[row - 1] ? column + 1 : 0;
    return column;
  });
}

function firstSize(partition: readonly number[] | undefined, type: RowPartitionType | undefined): number {
  if (partition === undefined || partition.length === 0) {
    throw new Error('Invalid first partition input. Tensor requires at least one element.');
  }
  switch (type) {
    case RowPartitionType.FIRST_DIM_SIZE: return partition[0]!;
    case RowPartitionType.ROW_SPLITS: return partition.length - 1;
    case RowPartitionType.VALUE_ROWIDS: throw new Error('Cannot handle VALUE_ROWIDS in first dimension.');
    default: throw new Error(`Cannot handle type ${type === undefined ? 'none' : RowPartitionType[type]}`);
  }
}

/**
 * @param asked the dense shape wanted, -1 for "as large as it must be"; empty for no wish at all
 * @returns for each value its row in the output (its first raggedRank + 1 dimensions flattened), -1 where it is cut off
 */
export function outputRows(
  asked: number[], valuesShape: number[], partitions: readonly number[][], types: readonly RowPartitionType[],
): { rows: number[]; outputShape: number[]; raggedRank: number } {
  const raggedRank = backend_util.getRaggedRank([...types]);
  const shape = backend_util.combineRaggedTensorToTensorShapes(raggedRank, asked, valuesShape);
  const skipped = types[0] === RowPartitionType.FIRST_DIM_SIZE ? 1 : 0;
  const first = firstSize(partitions[0], types[0]);
  if (shape[0]! < 0) shape[0] = first;

  let rows = Array.from({ length: first }, (_, row) => (row < shape[0]! ? row : -1));
  for (let level = 1; level <= raggedRank; level++) {
    const parents = parentsOf(partitions[level - 1 + skipped]!, types[level - 1 + skipped]!, rows.length);
    const columns = columnsOf(parents);
    if (shape[level]! < 0) shape[level] = columns.reduce((widest, column) => Math.max(widest, column + 1), 0);
    const width = shape[level]!;
    const parentRows = rows;
    rows = parents.map((parent, row) => {
      const fits = columns[row]! < width && parentRows[parent]! >= 0;
      return fits ? parentRows[parent]! * width + columns[row]! : -1;
    });
  }
  return { rows, outputShape: shape, raggedRank };
}
