/**
 * A column of another length with the same values at its front: the same memory where little of it is given up, else a copy.
 */
export function resized<Column extends Float64Array | Uint32Array | Uint8Array>(column: Column, length: number): Column {
  if (length <= column.length && length >= 0.9 * column.length) return column.subarray(0, length) as Column;
  const copy = new (column.constructor as new (length: number) => Column)(length);
  copy.set(column.subarray(0, length));
  return copy;
}
