// The position join in a config: a preset's name, or the object, in which every ablation of the papers can be written.
// Source: LaPE (Yu et al., ICCV 2023); MPVG, tables 5, 6 and figure 5.

import { z } from 'zod';
import { member } from '../../schema/schemaAt.ts';
import { joinPresets, type PositionJoin } from './join.ts';

const presetNames = Object.keys(joinPresets) as (keyof typeof joinPresets)[];

export const positionJoinSchema = z.union([
  z.enum(presetNames),
  z.strictObject({
    /** Where the position enters the residual stream. */
    stream: z.enum(['once', 'everyLayer', 'ownEveryLayer', 'never']),
    /** Which layers add a normalised position before attention. allSide: layer 0 too, with layer 1 starting from pos again. */
    layers: z.enum(['none', 'all', 'allSide', 'skipFirst']),
    /** True: layer l normalises what layer l - 1 had; false: each layer normalises the embedding itself. */
    hierarchical: z.boolean(),
    /** Whether the last norm adds a normalised position, and which one: pos_from. */
    lastNorm: z.union([z.literal('none'), z.strictObject({ from: z.int().min(0) })]),
    pool: z.enum(['cls', 'gap']),
  }),
]).transform((join): PositionJoin => (typeof join === 'string' ? joinPresets[join] : join));

/** Spells out a preset in `model.join` of an unchecked config, in place, so that one field of it can be overridden. */
export function expandPreset(config: object): void {
  const model = member(config, 'model');
  const join = member(model, 'join');
  const preset = presetNames.find((name) => name === join);
  if (preset !== undefined) (model as { join: PositionJoin }).join = { ...joinPresets[preset] };
}
