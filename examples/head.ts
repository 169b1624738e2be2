// A head of one's own on ViT-Adapter's maps: where are the centres of discs? As in CenterNet it gives a heat map, here at stride
// 4: all four maps are brought to the size of the finest, added, and read out by a 1 x 1 convolution. The pictures are drawn.
//
//     npx jiti examples/head.ts

import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Conv2d, imageTensor, joinPresets, Module, normalizeImages, resizeBilinear, Rng, selectBackend, ViTAdapter } from 'mpvg';

const [side, cells, discs] = [64, 16, 3];

class CentreModel extends Module {
  readonly backbone = this.child('backbone', new ViTAdapter({
    channels: 64, depth: 4, heads: 2, mlpRatio: 2, pretrainPx: side, join: joinPresets.mpvg, variant: 'detection',
    interactions: [[0, 1], [2, 3]], priorWidth: 16, deformHeads: 2, deformPoints: 4, deformRatio: 0.5, ffnRatio: 0.25,
  }));
  readonly laterals = [0, 1, 2, 3].map((i) => this.child(`head.laterals.${i}`, new Conv2d({ inputs: 64, outputs: 32, kernel: 1 })));
  readonly readOut = this.child('head.read_out', new Conv2d({ inputs: 32, outputs: 1, kernel: 1 }));
  /** Bytes [B, 64, 64, 3] to logits [B, 256]. */
  forward(images: Tensor, training: boolean): Tensor {
    const maps = this.backbone.forward(normalizeImages(images, [0.5, 0.5, 0.5], [0.3, 0.3, 0.3]), { training });
    const resized = this.laterals.map((lateral, i) => resizeBilinear(lateral.forward(maps[i]!), [cells, cells]));
    return tf.reshape(this.readOut.forward(tf.relu(tf.addN(resized))), [-1, cells ** 2]);
  }
}

/** Pictures of three discs each on a noisy ground, [count, 64, 64, 3], and 1 in the cells of their centres, [count, 256]. */
function draw(count: number, seed: number): [images: Tensor, centres: Tensor] {
  const rng = new Rng(seed);
  const images = new Uint8Array(count * side * side * 3).map(() => rng.uniform(0, 150));
  const centres = new Float32Array(count * cells ** 2);
  for (let disc = 0; disc < count * discs; disc++) {
    const [image, radius] = [Math.floor(disc / discs), rng.uniform(4, 10)];
    const [x, y] = [rng.uniform(radius, side - radius), rng.uniform(radius, side - radius)];
    centres[(image * cells + Math.floor(y / 4)) * cells + Math.floor(x / 4)] = 1;
    for (let pixel = 0; pixel < side ** 2; pixel++) {
      if (Math.hypot(pixel % side - x, Math.floor(pixel / side) - y) > radius) continue;
      images.fill(rng.uniform(150, 256), 3 * (image * side ** 2 + pixel), 3 * (image * side ** 2 + pixel + 1));
    }
  }
  return [imageTensor(images, [count, side, side, 3]), tf.tensor(centres, [count, cells ** 2])];
}

await selectBackend();
const model = new CentreModel();
model.initialise(0);
const [photos, truth] = draw(64, 0);
/** Share of the three highest cells of each picture that hold a centre. */
const precision = () => tf.mean(tf.gather(truth, tf.topk(model.forward(photos, false), discs).indices, 1, 1)).dataSync()[0]!;
const optimizer = tf.train.adam(2e-3);
for (let step = 0; step <= 90; step++) {
  if (step % 30 === 0) console.log(`step ${step}  precision ${tf.tidy(precision).toFixed(3)}`);
  const [images, centres] = draw(8, 1 + step);
  optimizer.minimize(() => tf.losses.sigmoidCrossEntropy(centres, model.forward(images, true)));
  tf.dispose([images, centres]);
}
