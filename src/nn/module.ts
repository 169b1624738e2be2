// What a model is built of: a module owns parameters, buffers and other modules. A tensor's path through them is its key in a
// checkpoint, so names follow the original projects (`blocks.0.attn.qkv.weight`).

import { DataError } from '../errors.ts';
import { expectMemoryFor } from '../ops/memory.ts';
import { Rng } from '../random/rng.ts';
import { ModuleBuffer, type ModuleBufferOptions } from './moduleBuffer.ts';
import { ModuleConstant } from './moduleConstant.ts';
import type { ModuleTensor } from './moduleTensor.ts';
import { Parameter, type ParameterOptions } from './parameter.ts';

/** Values as they are in a checkpoint, row-major. */
export interface FloatTensor {
  /** The element type. */
  readonly dtype: 'F32';
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** Elements, row-major. */
  readonly data: Float32Array;
}

/** A parameter or a buffer as it is in a checkpoint: floats, or a count. */
export type StateTensor = FloatTensor | CountTensor;

/** A count as it is in a checkpoint, row-major. */
export interface CountTensor {
  readonly dtype: 'I64';
  /** Sizes, outermost first; [] for a scalar. */
  readonly shape: readonly number[];
  /** Elements, row-major. */
  readonly data: BigInt64Array;
}

/** A tensor that comes from a checkpoint. */
export interface LoadableTensor {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** Elements, row-major. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** How a module takes a checkpoint's tensors. */
export interface LoadOptions {
  /** Default true: every parameter and buffer must be there and nothing else. */
  readonly strict?: boolean;
}

/** How a checkpoint's keys differ from the model's. */
export interface LoadReport {
  /** Parameters and buffers that the checkpoint does not have; they keep their values. */
  readonly missing: readonly string[];
  /** Keys of the checkpoint that the model does not have. */
  readonly unexpected: readonly string[];
}

/**
 * What models, layers and heads extend. Constructors name what it is made of, `initialise`, `loadState` or `set` give values,
 * `dispose` frees them.
 */
export abstract class Module {
  readonly #parameters: (readonly [name: string, parameter: Parameter])[] = [];
  readonly #buffers: (readonly [name: string, buffer: ModuleBuffer])[] = [];
  readonly #constants: ModuleConstant[] = [];
  readonly #children: (readonly [name: string, module: Module])[] = [];

  /** Adds a parameter; for constructors. */
  protected parameter(name: string, options: ParameterOptions): Parameter {
    const parameter = new Parameter(options);
    this.#parameters.push([name, parameter]);
    return parameter;
  }

  /** Adds a buffer; for constructors. */
  protected buffer(name: string, options: ModuleBufferOptions): ModuleBuffer {
    const buffer = new ModuleBuffer(options);
    this.#buffers.push([name, buffer]);
    return buffer;
  }

  /** Adds a constant; for constructors. @param values computes them, row-major */
  protected constant(values: () => Float32Array | Int32Array, shape: readonly number[]): ModuleConstant {
    const constant = new ModuleConstant(values, shape);
    this.#constants.push(constant);
    return constant;
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
      for (const [name, parameter] of module.namedParameters()) all.set(pathOf(child, name), parameter);
    }
    return all;
  }

  /** Every buffer by its path, in the order of construction. */
  namedBuffers(): Map<string, ModuleBuffer> {
    const all = new Map(this.#buffers);
    for (const [child, module] of this.#children) {
      for (const [name, buffer] of module.namedBuffers()) all.set(pathOf(child, name), buffer);
    }
    return all;
  }

  /** Everything that a checkpoint keeps: the parameters, then the buffers. */
  namedTensors(): Map<string, Parameter | ModuleBuffer> {
    return new Map<string, Parameter | ModuleBuffer>([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /**
   * Draws the initial values of every parameter and buffer that has none. They depend on the seed and the path alone, not on
   * what else the model has.
   * @throws ConfigError when there is no memory for them; none is made then
   */
  initialise(seed: number): void {
    this.#expectMemory();
    for (const constant of this.#allConstants()) constant.make();
    for (const [name, target] of this.namedTensors()) {
      if (!target.isSet) target.initialise(new Rng(seed, ...Array.from(name, (letter) => letter.codePointAt(0)!)));
    }
  }

  /** Reads every parameter and buffer back, by its path. */
  async state(): Promise<Map<string, StateTensor>> {
    const state = new Map<string, StateTensor>();
    for (const [name, target] of this.namedTensors()) state.set(name, await storedTensor(target));
    return state;
  }

  /**
   * Takes values from a checkpoint. Nothing is changed when it does not fit.
   * @throws DataError when a shape differs or a tensor is not of numbers; when strict, also when keys are missing or unexpected;
   *   ConfigError when there is no memory for them
   */
  loadState(state: ReadonlyMap<string, LoadableTensor>, { strict = true }: LoadOptions = {}): LoadReport {
    this.#expectMemory();
    const own = this.namedTensors();
    const missing = [...own.keys()].filter((name) => !state.has(name) && !isCounter(own.get(name)!));
    const unexpected = [...state.keys()].filter((name) => !own.has(name));
    const misshapen: string[] = [];
    const values = new Map<ModuleTensor, Float32Array>();
    for (const [name, target] of own) {
      const given = state.get(name);
      if (given === undefined) continue;
      if (given.shape.join() === target.shape.join()) values.set(target, toFloat32(name, given.data, isCounter(target)));
      else misshapen.push(`${name} (expected [${target.shape.join(', ')}], got [${given.shape.join(', ')}])`);
    }
    const faults = [
      ...(strict ? [summary('missing', missing), summary('unexpected', unexpected)] : []),
      summary('of another shape', misshapen),
    ].filter((fault) => fault !== '');
    if (faults.length > 0) throw new DataError(`loadState: expected the parameters of this model for state, got ${faults.join('; ')}`);
    for (const [target, data] of values) target.set(data);
    for (const constant of this.#allConstants()) constant.make();
    return { missing, unexpected };
  }

  /** Frees every parameter, buffer and constant. */
  dispose(): void {
    for (const constant of this.#allConstants()) constant.dispose();
    for (const target of this.namedTensors().values()) target.dispose();
  }

  #expectMemory(): void {
    const sizes = [
      ...[...this.namedTensors().values()].filter(({ isSet }) => !isSet),
      ...this.#allConstants().filter(({ isMade }) => !isMade),
    ].map(({ size }) => size);
    const values = sizes.reduce((sum, size) => sum + size, 0);
    expectMemoryFor(4 * values, this.constructor.name, `a model (here of ${values.toLocaleString('en')} values)`, 'make it smaller');
  }

  #allConstants(): ModuleConstant[] {
    return [...this.#constants, ...this.#children.flatMap(([, module]) => module.#allConstants())];
  }
}

/** A tensor of a module as a checkpoint keeps it. */
async function storedTensor(target: Parameter | ModuleBuffer): Promise<StateTensor> {
  const { shape } = target;
  const data = await target.read();
  return isCounter(target) ? { dtype: 'I64', shape, data: BigInt64Array.from(data, BigInt) } : { dtype: 'F32', shape, data };
}

/** Counts are whole numbers in a checkpoint, and older checkpoints have none. */
function isCounter(target: Parameter | ModuleBuffer): boolean {
  return target instanceof ModuleBuffer && target.counter;
}

function pathOf(child: string, name: string): string {
  return child === '' ? name : `${child}.${name}`;
}

function toFloat32(name: string, data: ArrayLike<number> | ArrayLike<bigint>, counter: boolean): Float32Array {
  if (counter) return Float32Array.from(data as ArrayLike<number | bigint>, Number);
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  throw new DataError(`loadState: expected float32 values for ${name}, got ${data.constructor.name}`);
}

function summary(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `${names.length} ${what}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
}
