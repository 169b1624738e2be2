// The precision of the wide tensors inside a transformer layer. Parameters, statistics and the residual stream are float32
// always; what runs between them (queries, keys, values, the MLP's hidden values) may be stored and multiplied as bfloat16.
// tfjs knows no bfloat16: the dtype of such a tensor stays 'float32', only its storage is narrower.

export type ComputeType = 'float32' | 'bfloat16';

let computeType: ComputeType = 'float32';

/** Chooses the precision of the layers that run from now on. Default 'float32'. Backends without bfloat16 ignore it. */
export function setComputeType(type: ComputeType): void {
  computeType = type;
}

/** Whether layers compute in bfloat16. */
export function reducedPrecision(): boolean {
  return computeType === 'bfloat16';
}
