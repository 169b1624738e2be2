import { describe, expect, it } from 'vitest';
import {
  CIFAR100_MEAN, CIFAR100_STD, CIFAR10_MEAN, CIFAR10_STD, IMAGENET_MEAN, IMAGENET_STD,
} from '../../src/data/normalization.ts';

describe('channel statistics', () => {
  it('are near those of a fifth of CIFAR-100: its first 100 training pictures of each class', () => {
    [0.50618, 0.48613, 0.44149].forEach((mean, channel) => expect(Math.abs(CIFAR100_MEAN[channel]! - mean)).toBeLessThan(2e-3));
    [0.26759, 0.25606, 0.276].forEach((std, channel) => expect(Math.abs(CIFAR100_STD[channel]! - std)).toBeLessThan(2e-3));
  });

  it('are those that recipes use: timm for ImageNet, Compact Transformers for CIFAR-10', () => {
    expect([IMAGENET_MEAN, IMAGENET_STD]).toEqual([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]);
    expect([CIFAR10_MEAN, CIFAR10_STD]).toEqual([[0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]]);
  });
});
