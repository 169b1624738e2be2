// Multi-scale deformable attention: each query reads, for each head, a few points of several maps, interpolated bilinearly,
// and sums them with weights. Source: Zhu et al., "Deformable DETR", 2021, equation 3.
// Letters: B samples, S pixels of all maps together, M heads, D channels of a head, Q queries, L maps, P points.

import {
  add, cast, clipByValue, expandDims, floor, gather, greaterEqual, less, logicalAnd, mul, range, reshape, scalar, slice, squeeze,
  sub, sum, unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';

/** The size of one map. */
export interface Level {
  /** Rows of tokens. */
  readonly height: number;
  /** Columns of tokens. */
  readonly width: number;
}

/**
 * Samples and sums. What lies outside a map is 0; (0, 0) is a map's upper left corner and (1, 1) its lower right one, so that
 * pixel (i, j) has its middle at ((j + 0.5) / width, (i + 0.5) / height).
 *
 * @param value [B, S, M, D], float32: the maps one after the other, each row after row
 * @param levels the maps' sizes; S pixels together
 * @param locations [B, Q, M, L, P, 2], float32: x and y
 * @param weights [B, Q, M, L, P], float32
 * @returns [B, Q, M · D]
 * @throws ShapeError
 */
export function msDeformAttn(value: Tensor, levels: readonly Level[], locations: Tensor, weights: Tensor): Tensor {
  checkShape('msDeformAttn', 'value', value, ['B', 'S', 'M', 'D']);
  const [batch = 0, pixels = 0, heads = 0] = value.shape;
  const counted = levels.reduce((total, { height, width }) => total + height * width, 0);
  if (counted !== pixels) throw new ShapeError(`msDeformAttn: expected levels of ${pixels} pixels together, got ${counted}`);
  checkShape('msDeformAttn', 'locations', locations, [batch, 'Q', heads, levels.length, 'P', 2]);
  checkShape('msDeformAttn', 'weights', weights, locations.shape.slice(0, 5));
  if (!fusedKernel('MpvgMsDeformAttn')) return msDeformAttnComposed(value, levels, locations, weights);
  const attributes = { levels: levels.flatMap(({ height, width }) => [height, width]) };
  return withGradient(
    [value, locations, weights],
    (save) => {
      save([value, locations, weights]);
      return runFused('MpvgMsDeformAttn', { value, locations, weights }, attributes);
    },
    (dy, saved) => {
      const [value, locations, weights] = saved as [Tensor, Tensor, Tensor];
      return runFusedList('MpvgMsDeformAttnGrad', { dy, value, locations, weights }, attributes);
    },
  );
}

/** `msDeformAttn` from tfjs's own operations, unchecked. */
export function msDeformAttnComposed(value: Tensor, levels: readonly Level[], locations: Tensor, weights: Tensor): Tensor {
  const [batch = 0, pixels = 0, heads = 0, depth = 0] = value.shape;
  const [, queries = 0, , , points = 0] = locations.shape;
  const rows = reshape(value, [batch * pixels * heads, depth]);
  const samples = reshape(range(0, batch, 1, 'int32'), [batch, 1, 1, 1]);
  const head = reshape(range(0, heads, 1, 'int32'), [1, 1, heads, 1]);
  const whole = (value: number): Tensor => scalar(value, 'int32');
  let result: Tensor | undefined;
  let start = 0;
  for (const [l, { height, width }] of levels.entries()) {
    const of = (tensor: Tensor, axis: number, index: number): Tensor => {
      const begin = tensor.shape.map((_, i) => (i === axis ? index : 0));
      const size = tensor.shape.map((length, i) => (i === axis ? 1 : length));
      return squeeze(slice(tensor, begin, size), [axis]);
    };
    const places = of(locations, 3, l); // [B, Q, M, P, 2]
    const weight = of(weights, 3, l); // [B, Q, M, P]
    const x = sub(mul(of(places, 4, 0), width), 0.5);
    const y = sub(mul(of(places, 4, 1), height), 0.5);
    const [left, top] = [floor(x), floor(y)];
    for (const [dy, dx] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
      const share = mul(dx === 0 ? sub(add(left, 1), x) : sub(x, left), dy === 0 ? sub(add(top, 1), y) : sub(y, top));
      const first = start;
      const read = readRows(rows, () => {
        const column = add(left, dx), row = add(top, dy); // [B, Q, M, P]
        const at = add(mul(clipByValue(row, 0, height - 1), width), clipByValue(column, 0, width - 1));
        const pixel = add(cast(at, 'int32'), whole(first));
        const index = add(mul(add(mul(samples, whole(pixels)), pixel), whole(heads)), head);
        const edges = [greaterEqual(column, 0), less(column, width), greaterEqual(row, 0), less(row, height)];
        const inside = edges.reduce((all, edge) => logicalAnd(all, edge));
        return { index, inside };
      });
      const part = sum(mul(reshape(read, [batch, queries, heads, points, depth]), expandDims(mul(weight, share), 4)), 3);
      result = result === undefined ? part : add(result, part);
    }
    start += height * width;
  }
  return reshape(result!, [batch, queries, heads * depth]);
}

/**
 * Rows by index, zeros where it is not inside. Where they are does not depend smoothly on anything, so it is computed off the
 * tape: tfjs's own gather would ask for the gradient of the index.
 */
function readRows(rows: Tensor, place: () => { index: Tensor; inside: Tensor }): Tensor {
  const [count = 0] = rows.shape;
  return withGradient(
    [rows],
    (save) => {
      const { index, inside } = place();
      const flat = reshape<Rank.R1>(index, [-1]);
      const mask = cast(reshape(inside, [-1, 1]), 'float32');
      save([flat, mask]);
      return mul(gather(rows, flat), mask);
    },
    (dy, [flat, mask]) => unsortedSegmentSum(mul(dy, mask!), flat as Tensor1D, count),
  );
}
