// Channel statistics. Batches stay uint8 until they are on the device; there a pixel p becomes (p / 255 - mean) / std.
// Each triple is R G B for pixels scaled to [0, 1], over all pixels of the training split.

/** ImageNet-1K; what DeiT, timm and torchvision normalise with. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
/** ImageNet-1K; what DeiT, timm and torchvision normalise with. */
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

/** Of CIFAR-10's training pictures: red, green, blue in [0, 1]. */
export const CIFAR10_MEAN = [0.4914, 0.4822, 0.4465] as const;
/** Standard deviation of the same. */
export const CIFAR10_STD = [0.247, 0.2435, 0.2616] as const;

/** Of CIFAR-100's training pictures: red, green, blue in [0, 1]. */
export const CIFAR100_MEAN = [0.5071, 0.4867, 0.4408] as const;
/** Standard deviation of the same. */
export const CIFAR100_STD = [0.2675, 0.2565, 0.2761] as const;
