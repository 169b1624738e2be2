// Types that the declarations of tfjs-core 4.22.0 (and of @webgpu/types, which they take in) name and do not have: those of a
// browser, and Long, of a package without types. With them a project for Node (`"lib": ["es2023"]`) compiles without
// `skipLibCheck`. As interfaces they merge with others of the name; the last two are aliases in TypeScript's library for
// browsers: a project that has it needs `skipLibCheck`, as it does in any case since TypeScript 6, whose WebGPU is not that of
// @webgpu/types 0.1.38.

/* eslint-disable @typescript-eslint/no-empty-object-type -- they merge with what is there */
declare global {
  interface EventInit {}
  interface HTMLImageElement {}
  interface HTMLSourceElement {}
  interface IDBFactory {}
  interface ImageBitmap {}
  interface ImageData {}
  interface Long {
    modulo(divisor: number): Long;
    getLowBitsUnsigned(): number;
  }
  interface Storage {}
  interface VideoFrame {}
  interface WebGLContextAttributes {}
  interface WebGLTexture {}
  interface BufferSource {}
  interface PredefinedColorSpace {}
}

export {};
