// The package's public entry. Importing it loads no libtorch: the addon is loaded by selectBackend.

export { selectBackend } from './backends/select.ts';
export type { BackendName, BackendOptions } from './backends/select.ts';
export { ConfigError, DataError, NativeError, ShapeError, UserError } from './errors.ts';
