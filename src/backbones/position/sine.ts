// Fixed sinusoidal position embeddings.
// Source: Vaswani et al., "Attention Is All You Need", 2017, section 3.5; for two axes as LaPE's repository lays them out.

/** Fills `channels` values from `offset` on with the sines (even) and cosines (odd) of a position. */
function fill(values: Float32Array, offset: number, channels: number, position: number): void {
  for (let i = 0; i < channels; i++) {
    const angle = position / 10000 ** ((2 * Math.floor(i / 2)) / channels);
    values[offset + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  }
}

/**
 * Tokens numbered one after the other, the extra ones (class token) first.
 *
 * @param tokens N, extra ones included
 * @returns [N, channels], row-major
 */
export function sine1d(tokens: number, channels: number): Float32Array {
  const values = new Float32Array(tokens * channels);
  for (let token = 0; token < tokens; token++) fill(values, token * channels, channels, token);
  return values;
}

/**
 * Patches numbered by column and row: the first half of the channels has the column, the second the row. The extra tokens
 * have zeros.
 *
 * @param side patches per row and column
 * @param extraTokens before the patches
 * @param channels a multiple of 4
 * @returns [extraTokens + side², channels], row-major
 */
export function sine2d(side: number, extraTokens: number, channels: number): Float32Array {
  const values = new Float32Array((extraTokens + side * side) * channels);
  for (let patch = 0; patch < side * side; patch++) {
    const offset = (extraTokens + patch) * channels;
    fill(values, offset, channels / 2, patch % side);
    fill(values, offset + channels / 2, channels / 2, Math.floor(patch / side));
  }
  return values;
}
