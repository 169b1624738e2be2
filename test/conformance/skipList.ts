// Specs of tfjs-core that the backend `torch` does not pass, by exact name, each with its reason. At most 80. An entry that
// passes, or that names no spec, fails the run.

const keepsNaN = 'max pooling lets NaN through, as libtorch does: passing over it takes longer than the pooling itself';
const notPadded = 'expects an unpadded result: tfjs returns the input of a 1 x 1 window where the shapes agree, padding or not';

export const skipList: Readonly<Record<string, string>> = {
  'maxPool torch {} [x=[3,3,1] f=[2,2] s=1 ignores NaNs': keepsNaN,
  'maxPool3d torch {} x=[1,3,3,3,1] f=[2,2,2] s=1 p=valid, ignores NaNs': keepsNaN,
  'maxPoolWithArgmax torch {} [x=[1,3,3,1] f=[2,2] s=1 ignores NaNs': keepsNaN,
  'pool torch {} max x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding': notPadded,
  'pool torch {} avg x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding': notPadded,
  'avgPool torch {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit':
    'expects division by the whole window, where the forward pass divides by the elements in it: not the derivative',
  'conv2dTranspose torch {} input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4':
    "asks for an output of 4 x 4 from 8 x 8 at stride 1, padding 'same': no convolution maps these shapes onto each other",
};
