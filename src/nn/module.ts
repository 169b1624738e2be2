// What a model is built of: a module owns parameters and other modules. A parameter's path through them is its key in a
// checkpoint, so names follow the original projects (`blocks.0.attn.qkv.weight`).

import { DataError } from '../errors.ts';
import { Rng } from '../random/rng.ts';
import { Parameter, type ParameterOptions } from './parameter.ts';

/** A parameter's values as they are in a checkpoint, row-major. */
export interface StateTensor {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A tensor that comes from a checkpoint. */
export interface LoadableTensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

export interface LoadOptions {
  /** Default true: every parameter must be there and nothing else. */
  readonly strict?: boolean;
}

/** How a checkpoint's keys differ from the model's. */
export interface LoadReport {
  /** Parameters that the checkpoint does not have; they keep their values. */
  readonly missing: readonly string[];
  /** Keys of the checkpoint that the model does not have. */
  readonly unexpected: readonly string[];
}

export abstract class Module {
  readonly #parameters: (readonly [name: string, parameter: Parameter])[] = [];
  readonly #children: (readonly [name: string, module: Module])[] = [];

  /** Adds a parameter; for constructors. */
  protected parameter(name: string, options: ParameterOptions): Parameter {
    const parameter = new Parameter(options);
    this.#parameters.push([name, parameter]);
    return parameter;
  }

  /**
   * Adds a module; for constructors. Where an original project keeps its parameters in another module, it takes that one's
   * name, or '' for this module's own.
   */
  protected child<M extends Module>(name: string, module: M): M {
    this.#children.push([name, module]);
    return module;
  }

  /** Every parameter by its path, in the order of construction. */
  namedParameters(): Map<string, Parameter> {
    const all = new Map(this.#parameters);
    for (const [child, module] of this.#children) {
      for (const [name, parameter] of module.namedParameters()) all.set(child === '' ? name : `${child}.${name}`, parameter);
    }
    return all;
  }

  /**
   * Draws the initial values of every parameter that has none. They depend on the seed and the parameter's path alone, not
   * on what else the model has.
   */
  initialise(seed: number): void {
    for (const [name, parameter] of this.namedParameters()) {
      if (!parameter.isSet) parameter.initialise(new Rng(seed, ...Array.from(name, (letter) => letter.codePointAt(0)!)));
    }
  }

  /** Reads every parameter back, by its path. */
  async state(): Promise<Map<string, StateTensor>> {
    const state = new Map<string, StateTensor>();
    for (const [name, parameter] of this.namedParameters()) {
      state.set(name, { dtype: 'F32', shape: parameter.shape, data: await parameter.read() });
    }
    return state;
  }

  /**
   * Takes values from a checkpoint. Nothing is changed when it does not fit.
   * @throws DataError when a shape differs or a tensor is not of numbers; when strict, also when keys are missing or unexpected
   */
  loadState(state: ReadonlyMap<string, LoadableTensor>, { strict = true }: LoadOptions = {}): LoadReport {
    const parameters = this.namedParameters();
    const missing = [...parameters.keys()].filter((name) => !state.has(name));
    const unexpected = [...state.keys()].filter((name) => !parameters.has(name));
    const misshapen: string[] = [];
    const values = new Map<Parameter, Float32Array>();
    for (const [name, parameter] of parameters) {
      const given = state.get(name);
      if (given === undefined) continue;
      if (given.shape.join() === parameter.shape.join()) values.set(parameter, toFloat32(name, given.data));
      else misshapen.push(`${name} (expected [${parameter.shape.join(', ')}], got [${given.shape.join(', ')}])`);
    }
    const faults = [
      ...(strict ? [summary('missing', missing), summary('unexpected', unexpected)] : []),
      summary('of another shape', misshapen),
    ].filter((fault) => fault !== '');
    if (faults.length > 0) throw new DataError(`loadState: expected the parameters of this model for state, got ${faults.join('; ')}`);
    for (const [parameter, data] of values) parameter.set(data);
    return { missing, unexpected };
  }

  /** Frees every parameter. */
  dispose(): void {
    for (const parameter of this.namedParameters().values()) parameter.dispose();
  }
}

function toFloat32(name: string, data: ArrayLike<number> | ArrayLike<bigint>): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  throw new DataError(`loadState: expected float32 values for ${name}, got ${data.constructor.name}`);
}

function summary(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `${names.length} ${what}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
}
