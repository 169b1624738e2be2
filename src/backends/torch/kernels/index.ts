// Every kernel of the torch backend, by family.

import { registerBinaryKernels } from './binary.ts';
import { registerCastKernel } from './cast.ts';
import { registerConvolutionKernels } from './convolution.ts';
import { registerCreationKernels } from './creation.ts';
import { registerDepthwiseKernels } from './depthwise.ts';
import { registerFusedConvolutionKernels } from './fusedConvolution.ts';
import { registerFusedBlockKernels } from './fusedBlocks.ts';
import { registerFusedLayerKernels } from './fusedLayers.ts';
import { registerFusedTrainingKernels } from './fusedTraining.ts';
import { registerJoiningKernels } from './joining.ts';
import { registerMatmulKernels } from './matmul.ts';
import { registerMirrorPadKernel } from './mirrorPad.ts';
import { registerNormalizationKernels } from './normalization.ts';
import { registerPoolingKernels } from './pooling.ts';
import { registerReductionKernels } from './reduction.ts';
import { registerSelectionKernels } from './selection.ts';
import { registerSpatialBlockKernels } from './spatialBlocks.ts';
import { registerSpectralKernels } from './spectral.ts';
import { registerUnaryKernels } from './unary.ts';
import { registerViewKernels } from './views.ts';
import { registerComparisonKernels } from './comparison.ts';
import { registerComplexKernels } from './complex.ts';
import { registerCountingKernels } from './counting.ts';
import { registerRandomKernels } from './random.ts';
import { registerScatteringKernels } from './scattering.ts';

export function registerKernels(): void {
  registerUnaryKernels();
  registerBinaryKernels();
  registerCastKernel();
  registerViewKernels();
  registerJoiningKernels();
  registerCreationKernels();
  registerReductionKernels();
  registerMatmulKernels();
  registerSelectionKernels();
  registerConvolutionKernels();
  registerDepthwiseKernels();
  registerFusedConvolutionKernels();
  registerPoolingKernels();
  registerNormalizationKernels();
  registerSpectralKernels();
  registerSpatialBlockKernels();
  registerMirrorPadKernel();
  registerComparisonKernels();
  registerComplexKernels();
  registerCountingKernels();
  registerRandomKernels();
  registerScatteringKernels();
  registerFusedLayerKernels();
  registerFusedBlockKernels();
  registerFusedTrainingKernels();
}
