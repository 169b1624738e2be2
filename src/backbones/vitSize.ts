// How large a vision transformer is, by the names and shapes of its parameters.

import { deitSizes } from './deit.ts';

export interface VitSize {
  readonly channels: number;
  /** Layers. */
  readonly depth: number;
}

type ShapesByName = ReadonlyMap<string, { readonly shape: readonly number[] }>;

const LAYER = /^(?:backbone\.)?blocks\.(\d+)\./;

/** Undefined where there are no layers among the names, or nothing tells their width. */
export function vitSizeOf(shapes: ShapesByName): VitSize | undefined {
  const layers = [...shapes.keys()].map(layerOf).filter((layer) => layer !== undefined);
  const sized = [...shapes].find(([name]) => /^(?:backbone\.)?blocks\.\d+\.attn\.proj\.weight$/.test(name));
  const [channels] = sized?.[1].shape ?? [];
  if (layers.length === 0 || channels === undefined) return undefined;
  return { channels, depth: 1 + layers.reduce((a, b) => Math.max(a, b)) };
}

/** The layer, from 0, that a parameter belongs to. */
export function layerOf(name: string): number | undefined {
  const [, layer] = LAYER.exec(name) ?? [];
  return layer === undefined ? undefined : Number(layer);
}

/** What `model.size` is set to for this size: a published one's name, else the fields. */
export function describeSize({ channels, depth }: VitSize): string {
  const published = Object.entries(deitSizes).find(([, size]) => size.channels === channels && size.depth === depth);
  return published?.[0] ?? `channels ${channels} and depth ${depth}`;
}
