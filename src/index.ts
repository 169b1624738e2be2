/**
 * The package's entry: all of `mpvg/ops`, `mpvg/models`, `mpvg/data` and `mpvg/train`. Importing it loads no libtorch: the addon
 * is loaded by selectBackend. COCO files have an entry of their own, `mpvg/coco`.
 *
 * @module
 */

export * from './data.ts';
export * from './models.ts';
export * from './ops.ts';
export * from './train.ts';
export { ConfigError, DataError, NativeError, ShapeError, UserError } from './errors.ts';
