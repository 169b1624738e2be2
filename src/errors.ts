// The errors users meet. The command line prints their message as one line and exits with 2; anything else is a fault of
// ours and is printed with its stack.

/** A mistake in what the user gave: the message names it and, where known, the remedy. */
export class UserError extends Error {
  /** The class's name. */
  override name = 'UserError';
}

/** A tensor argument of the wrong shape, rank or dtype. */
export class ShapeError extends UserError {
  override name = 'ShapeError';
}

/** A configuration, flag or environment that cannot work: unknown key, wrong type, missing compiler. */
export class ConfigError extends UserError {
  override name = 'ConfigError';
}

/** A file or record that cannot be used: the message names the file and the item. */
export class DataError extends UserError {
  override name = 'DataError';
}

/** A failure inside libtorch or our addon: the message names the operator and the shapes of its inputs. */
export class NativeError extends Error {
  /** The class's name. */
  override name = 'NativeError';
}
