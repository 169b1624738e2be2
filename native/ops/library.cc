// The schemas of our own operators; each file beside this one implements some of them. Shapes: B samples, N tokens, C channels,
// H hidden channels. Parameters, statistics and the residual stream are float32; what runs between them may be bfloat16, where
// `reduced` asks for it.
#include <torch/library.h>

TORCH_LIBRARY(mpvg, m) {
  // y = (LN(x) + addend) W^T + b; addend's rows repeat over x's
  m.def(
      "norm_linear(Tensor x, Tensor gamma, Tensor beta, Tensor? addend, Tensor weight, Tensor? bias, float eps, bool reduced) "
      "-> (Tensor y, Tensor mean, Tensor rstd)");
  m.def(
      "norm_linear_backward(Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor gamma, Tensor beta, Tensor? addend, "
      "Tensor weight, bool bias) -> (Tensor dx, Tensor dgamma, Tensor dbeta, Tensor daddend, Tensor dweight, Tensor dbias)");

  // residual + scale[sample] * (x W^T + b)
  m.def("linear_add(Tensor x, Tensor weight, Tensor? bias, Tensor residual, Tensor? scale) -> Tensor");
  m.def(
      "linear_add_backward(Tensor dy, Tensor x, Tensor weight, Tensor? scale, bool bias) "
      "-> (Tensor dx, Tensor dweight, Tensor dbias)");

  // x + scale[sample] * (gelu(LN(x) W1^T + b1) W2^T + b2); hidden is the value before b1 and GELU
  m.def(
      "norm_mlp_add(Tensor x, Tensor gamma, Tensor beta, Tensor w1, Tensor b1, Tensor w2, Tensor b2, Tensor? scale, float eps, bool reduced) "
      "-> (Tensor y, Tensor mean, Tensor rstd, Tensor hidden)");
  m.def(
      "norm_mlp_add_backward(Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor hidden, Tensor gamma, Tensor beta, Tensor w1, "
      "Tensor b1, Tensor w2, Tensor? scale) "
      "-> (Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dw1, Tensor db1, Tensor dw2, Tensor db2)");

  // softmax(Q K^T / sqrt(D)) V for qkv [B, N, 3, heads, D] flattened to [B, N, 3C]
  m.def("attention(Tensor qkv, int heads) -> (Tensor out, Tensor logsumexp)");
  m.def("attention_backward(Tensor dy, Tensor qkv, Tensor out, Tensor logsumexp, int heads) -> Tensor");

  // Bilinear reads of several maps at points, weighted and summed; levels are heights and widths in turn
  m.def("ms_deform_attn(Tensor value, int[] levels, Tensor locations, Tensor weights) -> Tensor");
  m.def(
      "ms_deform_attn_backward(Tensor dy, Tensor value, int[] levels, Tensor locations, Tensor weights) "
      "-> (Tensor dvalue, Tensor dlocations, Tensor dweights)");

  // Images [B, H, W, I] with weight [O, I, 3, 3], stride and padding 1; reduced: the result is bfloat16
  m.def("convolution3x3(Tensor x, Tensor weight, Tensor? bias, bool reduced) -> Tensor");
  m.def("convolution3x3_backward_input(Tensor dy, Tensor weight) -> Tensor");
  m.def("convolution3x3_backward_weight(Tensor dy, Tensor x) -> Tensor");

  // relu?(gamma (x - mean) rstd + beta) over the last axis; in training mean and rstd are the batch's, the running statistics
  // move and batches counts
  m.def(
      "batch_norm(Tensor x, Tensor gamma, Tensor beta, Tensor(a!) running_mean, Tensor(b!) running_var, Tensor(c!)? batches, "
      "bool training, float momentum, float eps, bool relu) -> (Tensor y, Tensor mean, Tensor rstd)");
  m.def(
      "batch_norm_backward(Tensor dy, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor rstd, bool training, bool relu) "
      "-> (Tensor dx, Tensor dgamma, Tensor dbeta)");

  // The part [top, left, height, width] of what bilinear resizing to size makes of a map of size source, of which x [B, H, W, C]
  // is what begins at place
  m.def("resize_part(Tensor x, int[] place, int[] source, int[] size, int[] part) -> Tensor");

  // Parameter updates, in place; step, lr and grad_scale are scalars in tensors, read when the operator runs
  m.def(
      "adamw_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] first_moments, Tensor(c!)[] second_moments, Tensor step, "
      "Tensor lr, float[] lr_scales, float[] weight_decays, float beta1, float beta2, float eps, Tensor? grad_scale) -> ()");
  m.def(
      "sgd_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] momenta, Tensor lr, float[] lr_scales, float[] weight_decays, "
      "float momentum, bool nesterov, Tensor? grad_scale) -> ()");
  m.def("clip_scale(Tensor[] grads, float max_norm) -> (Tensor scale, Tensor norm)");
}
