/**
 * The entry `mpvg/data`: data sets, what is done with their samples, and loaders that make batches ahead. Typed arrays, no
 * tensors: it loads neither libtorch nor tfjs.
 *
 * @module
 */

export { CifarDataset } from './data/cifar.ts';
export type { CifarOptions } from './data/cifar.ts';
export type { ClassificationDataset } from './data/dataset.ts';
export { decodeImage } from './data/decode.ts';
export type { RawImage } from './data/decode.ts';
export { ImageFolder } from './data/imageFolder.ts';
export { ImageLoader } from './data/loader.ts';
export type { ImageBatch, ImageLoaderOptions } from './data/loader.ts';
export type { LoaderOptions } from './data/batchLoader.ts';
export type { PictureSource } from './data/pictureSource.ts';
export type { Shard } from './data/sampler.ts';
export * from './data/normalization.ts';
export { applyTransforms } from './data/transforms/apply.ts';
export { outputSizePx } from './data/transforms/imageTransform.ts';
export type {
  HorizontalFlip, ImageTransform, Interpolation, PadAndCrop, RandomResizedCrop, ResizeAndCentreCrop,
} from './data/transforms/imageTransform.ts';
export type { Frame } from './data/transforms/fitSize.ts';
export type { PhotometricRanges } from './data/transforms/photometricDistortion.ts';
export type { Size } from './data/transforms/resizeLinear.ts';
export type { LabelMap } from './data/transforms/resizeNearest.ts';
export type { CheckOptions } from './data/files/fileCheck.ts';
export { hashKey, Rng } from './random/rng.ts';

export { readLabelImage } from './data/labelImage.ts';
export type { LabelImage } from './data/labelImage.ts';
export { ade20kAugmentation, augment } from './data/segmentation/augmentation.ts';
export type { Colour, LabelledPhoto, SegmentationAugmentation } from './data/segmentation/augmentation.ts';
export { classSet } from './data/segmentation/classSet.ts';
export type { ClassOptions, ClassSet, KnownClasses } from './data/segmentation/classSet.ts';
export type { LabelledPhotoSource } from './data/segmentation/labelledPhoto.ts';
export { openSegmentationData } from './data/segmentation/openSegmentationData.ts';
export type { SegmentationDataOptions } from './data/segmentation/openSegmentationData.ts';
export { SegmentationFolder } from './data/segmentation/segmentationFolder.ts';
export type { SegmentationFolderOptions, Unpaired } from './data/segmentation/segmentationFolder.ts';
export { SegmentationLoader } from './data/segmentation/segmentationLoader.ts';
export type { SegmentationBatch, SegmentationLoaderOptions } from './data/segmentation/segmentationLoader.ts';
export { TestPhotoLoader } from './data/segmentation/testPhotoLoader.ts';
export type { TestPhoto, TestPhotoLoaderOptions } from './data/segmentation/testPhotoLoader.ts';
export type { TestScales } from './data/segmentation/testPhotos.ts';
