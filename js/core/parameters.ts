// What layers and models share: named parameters in and out as copies, the names they record, and disposal.
import { bindMembers } from './bound.js';
import type { DisposableObject } from './disposable.js';
import { callNative, fail } from './errors.js';
import type { Handle } from './handles.js';
import type { NativeParameters } from './native.js';
import type { NamedTensors, Tensor, TensorInput } from './tensor.js';
import {
  checkInteger,
  checkNoNaN,
  checkShape,
  checkString,
  checkAttached,
  checkTensorView,
  describe,
  namedEntries,
} from './validation.js';

/** Floats that are copied into the module at a time. */
const pieceSize = 1 << 18;

/** Parameters go by PyTorch's names. */
export abstract class Parameterised implements DisposableObject {
  #shapes: ReadonlyMap<string, readonly number[]> | undefined;
  #matrices: ReadonlySet<string> | undefined;
  #activations: ReadonlySet<string> | undefined;
  constructor() {
    bindMembers(this);
  }

  /** @internal */
  protected abstract readonly handle: Handle<NativeParameters>;

  /** @internal Initial weights. Where there is no memory for them, the object is disposed of. */
  initialise(seed: number): void {
    try {
      callNative(() => this.handle.native.initialise(seed));
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Name → dims of every parameter, in the order of the computation. Copies no data. */
  parameterShapes(): ReadonlyMap<string, readonly number[]> {
    const { native } = this.handle;
    if (!this.#shapes) {
      const table = callNative(() => native.parameterTable());
      this.#shapes = new Map(table.map(({ name, dims }) => [name, dims]));
      this.#matrices = new Set(table.filter(({ matrix }) => matrix).map(({ name }) => name));
    }
    return this.#shapes;
  }

  /** @internal Those that are kept as the model's dtype says. */
  get matrices(): ReadonlySet<string> {
    this.parameterShapes();
    return this.#matrices!;
  }

  /** A copy of one parameter in f32, laid out as in PyTorch: a linear layer's weight is [out, in]. */
  parameter(name: string): Tensor {
    return this.parameterRows(name, 0, this.#shapeOf(name)[0]!);
  }

  /**
   * A copy of rows [first, first + count) of one parameter: of a matrix [out, in] that many outputs, of a vector that many
   * elements. An embedding of 150,000 words need not be copied for one of them.
   */
  parameterRows(name: string, first: number, count: number): Tensor {
    const rows = this.#shapeOf(name)[0]!;
    checkInteger('first', first, 0, rows - 1);
    checkInteger('count', count, 1, rows - first);
    return callNative(() => this.handle.native.rows(name, first, count));
  }

  /** Copies of all parameters, name → tensor. */
  parameters(): Map<string, Tensor> {
    return new Map([...this.parameterShapes().keys()].map((name) => [name, this.parameter(name)]));
  }

  /** Copies a tensor in, rounded to the model's dtype; its dims must be the parameter's, and none of its values NaN. */
  setParameter(name: string, tensor: TensorInput): void {
    this.writeParameter(name, this.#checked(name, tensor));
  }

  /** Copies several tensors in: a Map or a plain object. All are checked before the first is written. */
  setParameters(tensors: NamedTensors): void {
    const checked = namedEntries<TensorInput>('parameters', tensors).map(
      ([name, tensor]) => [name, this.#checked(name, tensor)] as const,
    );
    for (const [name, tensor] of checked) this.writeParameter(name, tensor);
  }

  /**
   * @internal `setParameter` of a tensor that is known to fit; `transposed`: that lies there as [dims[1], dims[0]]. In pieces,
   * since a copy of a whole embedding would make linear memory grow, which never shrinks.
   */
  writeParameter(name: string, tensor: Tensor, transposed = false): void {
    checkAttached(name, tensor);
    const { data, dims } = tensor;
    const rows = dims[0]!;
    const width = data.length / rows;
    const step = Math.max(1, Math.floor(pieceSize / width));
    for (let first = 0; first < rows; first += step) {
      const last = Math.min(first + step, rows);
      const piece = transposed
        ? columnsOf(data, rows, first, last)
        : data.subarray(first * width, last * width);
      callNative(() => this.handle.native.setRows(name, first, piece));
    }
  }

  #checked(name: string, tensor: TensorInput): Tensor {
    const expected = this.#shapeOf(name);
    const checked = checkTensorView(name, tensor);
    checkShape(name, checked.dims, expected);
    checkNoNaN(name, checked.data, 'not_finite');
    return checked;
  }

  #shapeOf(name: string): readonly number[] {
    const shape = this.parameterShapes().get(checkString('name', name));
    return (
      shape ??
      fail('unknown_name', `${describe(name)}: no such parameter; parameterShapes() lists them`)
    );
  }

  /** The names that `trace` and interventions know, in the order of the computation. */
  activationNames(): string[] {
    return [...this.activations];
  }

  /** @internal */
  protected get activations(): ReadonlySet<string> {
    const { native } = this.handle;
    this.#activations ??= new Set(callNative(() => native.activationNames()));
    return this.#activations;
  }

  get disposed(): boolean {
    return this.handle.disposed;
  }

  /** Gives the WebAssembly memory back. May be called twice; anything else afterwards throws `disposed`. */
  dispose(): void {
    this.handle.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** @internal Columns [first, last) of a matrix that has `cols`, as rows. */
export function columnsOf<Numbers extends Float32Array | Int8Array>(
  data: Numbers,
  cols: number,
  first: number,
  last: number,
): Numbers {
  const rows = data.length / cols;
  const result = new (data.constructor as new (size: number) => Numbers)((last - first) * rows);
  for (let r = 0; r < rows; ++r) {
    for (let c = first; c < last; ++c) result[(c - first) * rows + r] = data[r * cols + c]!;
  }
  return result;
}
