// complex64, which libtorch stores as such: values read interleaved, real and imaginary parts are views.

import { Complex, ComplexAbs, Imag, Real } from '@tensorflow/tfjs-core';
import type { ComplexAbsInputs, ComplexInputs, ImagInputs, RealInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';

export function registerComplexKernels(): void {
  const absolute = aten('abs');
  const complex = aten('complex');
  const imaginaryPart = aten('imag');
  const realPart = aten('real');

  torchKernel<ComplexInputs>(Complex, ({ real, imag }, _attrs, k) =>
    k.out(complex(castTo(k.handle(real), 'float32'), castTo(k.handle(imag), 'float32')), 'complex64'));
  torchKernel<RealInputs>(Real, ({ input }, _attrs, k) => k.out(realPart(k.handle(input))));
  torchKernel<ImagInputs>(Imag, ({ input }, _attrs, k) => k.out(imaginaryPart(k.handle(input))));
  torchKernel<ComplexAbsInputs>(ComplexAbs, ({ x }, _attrs, k) => k.out(absolute(k.handle(x))));
}
