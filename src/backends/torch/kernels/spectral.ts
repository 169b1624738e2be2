// Discrete Fourier transforms over the last axis. tfjs-core composes the real ones from these.

import { FFT, IFFT } from '@tensorflow/tfjs-core';
import type { FFTInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

export function registerSpectralKernels(): void {
  const transform = aten('fft_fft');
  const inverse = aten('fft_ifft');
  torchKernel<FFTInputs>(FFT, ({ input }, _attrs, k) => k.out(transform(k.handle(input)), 'complex64'));
  torchKernel<FFTInputs>(IFFT, ({ input }, _attrs, k) => k.out(inverse(k.handle(input)), 'complex64'));
}
