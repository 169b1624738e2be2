// Layer-wise learning-rate decay: the nearer to the input, the smaller the rate. Source: Clark et al., ELECTRA (2020);
// the numbering of layers follows the ViT-Adapter repository's layer decay for ViT backbones.

/**
 * Which layer a parameter belongs to: 0 for the embeddings, i + 1 for block i (its own position embedding `pos_embed<i>`
 * included), `layers` + 1 for all else (last norm, adapter, heads).
 * @param key the parameter's checkpoint key, with or without a leading `backbone.`
 * @param layers how many blocks the backbone has
 */
export function layerOf(key: string, layers: number): number {
  const name = key.replace(/^backbone\./, '');
  if (/^(cls_token|dist_token|mask_token|pos_embed)$/.test(name) || name.startsWith('patch_embed.')) return 0;
  const block = /^(?:blocks\.(\d+)\.|pos_embed(\d+)$)/.exec(name);
  if (block === null) return layers + 1;
  return Number(block[1] ?? block[2]) + 1;
}

/**
 * The factor on a parameter's learning rate: decay ^ (layers + 1 - layer), so 1 for the heads.
 * @param decay per layer, in (0, 1]; 1 switches it off
 */
export function layerDecayScale(key: string, layers: number, decay: number): number {
  return decay ** (layers + 1 - layerOf(key, layers));
}
