// How a position embedding joins a vision transformer, as data: each row of the papers' tables is one object.
// With L layers and pos_0 = pos:
//   x_0 = tokens (+ pos);   x'_l = x_l + MSA(LN_l(x_l) + pos_l);   pos_l = LN'_l(pos_{l-1});   y = LN(x_L) (+ LN'(pos_k)).
// Source: Yu et al., "LaPE", ICCV 2023, and its repository's join types; MPVG, equations 1-11, tables 5 and 6, figure 5.

import { ConfigError } from '../../errors.ts';

/** Which position goes where. */
export interface PositionJoin {
  /** The residual stream: pos added before layer 0, at every layer's input, one of its own at every layer's input, or not. */
  readonly stream: 'once' | 'everyLayer' | 'ownEveryLayer' | 'never';
  /**
   * Which layers add pos_l = LN'_l(pos_{l-1}) to what their attention sees. 'skipFirst': all but layer 0. 'allSide': all, but
   * what layer 0 made of the position stays aside and layer 1 starts from the embedding again.
   */
  readonly layers: 'none' | 'all' | 'allSide' | 'skipFirst';
  /** True: layer l normalises what layer l - 1 had. False: each layer normalises the embedding itself. */
  readonly hierarchical: boolean;
  /** Whether the last norm adds LN'(pos_from); pos_0 is the embedding, pos_l what layer l added. */
  readonly lastNorm: 'none' | { readonly from: number };
  /** What the head sees: the class token, or the mean over the tokens (then there is no class token). */
  readonly pool: 'cls' | 'gap';
}

const vit: PositionJoin = { stream: 'once', layers: 'none', hierarchical: true, lastNorm: 'none', pool: 'cls' };
const pvg: PositionJoin = { stream: 'once', layers: 'skipFirst', hierarchical: true, lastNorm: 'none', pool: 'gap' };

/** The joins that the papers name. */
export const joinPresets = {
  /** ViT and DeiT: added once, before the first layer. */
  default: vit,
  /** LaPE: a norm of its own in every layer, handed on from layer to layer, not added to the stream. */
  lape: { ...vit, stream: 'never', layers: 'all' },
  /** LaPE's repository: the one embedding added at every layer's input. */
  share: { ...vit, stream: 'everyLayer' },
  /** LaPE's repository: an embedding for each layer, added at its input. */
  unshare: { ...vit, stream: 'ownEveryLayer' },
  /** PVG: average pooling, added once and handed on from layer 1. */
  pvg,
  /** MPVG: PVG with the embedding in the last norm too. */
  mpvg: { ...pvg, lastNorm: { from: 0 } },
} as const satisfies Record<string, PositionJoin>;

/** A preset's name. */
export type JoinName = keyof typeof joinPresets;

/** Whether a layer adds a normalised position before its attention. */
export function layerHasPosition({ layers }: PositionJoin, layer: number): boolean {
  return layers === 'all' || layers === 'allSide' || (layers === 'skipFirst' && layer > 0);
}

/**
 * Refuses combinations that have no meaning.
 * @param depth number of layers
 * @throws ConfigError
 */
export function checkJoin(join: PositionJoin, depth: number): void {
  const fail = (expected: string, key: string, got: string): never => {
    throw new ConfigError(`checkJoin: expected ${expected} for ${key}, got ${got}`);
  };
  if (join.stream === 'ownEveryLayer' && (join.layers !== 'none' || join.lastNorm !== 'none')) {
    fail("layers 'none' and lastNorm 'none' (there is no single position to hand on)", "join with stream 'ownEveryLayer'", JSON.stringify(join));
  }
  if (join.lastNorm !== 'none') {
    const { from } = join.lastNorm;
    if (!Number.isInteger(from) || from < 0 || from >= depth) fail(`a layer in 0 … ${depth - 1}`, 'join.lastNorm.from', String(from));
    if (from > 0 && join.layers === 'none') fail("0 (no layer has a position of its own with layers 'none')", 'join.lastNorm.from', String(from));
  }
}
