/**
 * What each step of set-up is given. `libtorch` is filled in by the step that finds it, before the steps that need it.
 * @typedef {object} Context
 * @property {string} root absolute path of the package
 * @property {NodeJS.ProcessEnv} env
 * @property {number} [lock] while steps are made: the open file that their programs hold too, see lock.mjs
 * @property {Libtorch | undefined} [libtorch]
 */

/**
 * @typedef {object} Libtorch
 * @property {string} dir the directory that holds include/ and lib/
 * @property {string} version as torch writes it: 2.13.0+cpu
 */

/**
 * One thing to have in place. `current` looks and changes nothing; `make` does the work when it is not.
 * @typedef {object} Step
 * @property {string} doing what the user reads while it works
 * @property {(context: Context) => boolean | Promise<boolean>} current
 * @property {(context: Context) => Promise<void>} make
 */

export {};
