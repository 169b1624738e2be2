// Padding with the tensor's own values, mirrored: at the edge element ('reflect') or beside it ('symmetric').

import { MirrorPad } from '@tensorflow/tfjs-core';
import type { MirrorPadAttrs, MirrorPadInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

const narrow = aten('narrow');
const flip = aten('flip');
const concatenate = aten('cat');
const alias = aten('alias');

export function registerMirrorPadKernel(): void {
  torchKernel<MirrorPadInputs, MirrorPadAttrs>(MirrorPad, ({ x }, { paddings, mode }, k) => {
    const skipped = mode === 'reflect' ? 1 : 0;
    let result: Handle = alias(k.handle(x));
    // One axis after the other: the mirrored rows of the first are mirrored again with the second, as the corners must be.
    paddings.forEach(([before, after], axis) => {
      if (before === 0 && after === 0) return;
      const start = flip(narrow(result, axis, skipped, before), [axis]);
      const end = flip(narrow(result, axis, x.shape[axis]! - skipped - after, after), [axis]);
      result = concatenate([start, result, end], axis);
    });
    return k.out(result, x.dtype);
  });
}
