// A stack of GRU layers, the contrast to attention, over its native counterpart; the influence of every input on every state.
// Cho et al. 2014, arXiv:1406.1078, as torch.nn.GRU computes it.
import { callNative, fail } from './errors.js';
import type { Handle, Handles } from './handles.js';
import { readIds, type Batch } from './inputs.js';
import type { NativeModule, NativeRecurrent } from './native.js';
import { Parameterised } from './parameters.js';
import { traceMap, traceNames } from './trace.js';
import type { SeedOptions } from './attention-types.js';
import type { Tensor, TensorInput, TokenIds } from './tensor.js';
import {
  checkBoolean,
  checkInteger,
  checkKeys,
  checkObject,
  checkSeed,
  checkTensor,
  shapeText,
} from './validation.js';

export interface RecurrentConfig {
  /** Default 0: no embedding, the network takes `inputsEmbeds`. */
  vocabSize?: number;
  /** I: the width of what it reads. Default: hiddenSize. */
  inputSize?: number;
  /** D: the width of its state. */
  hiddenSize: number;
  /** Default 1. */
  numLayers?: number;
}

/** A config with every default filled in. */
export type CompleteRecurrentConfig = Readonly<Required<RecurrentConfig>>;

export interface RecurrentInputs {
  /** As a model's; [B, T]. What comes after a token does not reach it, so padding after the tokens changes nothing before. */
  inputIds?: TokenIds;
  /** Instead of inputIds: [B, T, I]. */
  inputsEmbeds?: TensorInput;
}

export interface RecurrentOptions {
  /** Default false. Costs about T² · D² · I multiplications. */
  influence?: boolean;
  /** true for all, or some of layers.{l}.r, .z, .n (gates and candidate) and .h (state). */
  trace?: boolean | readonly string[];
}

export interface RecurrentOutput {
  lastHiddenState: Tensor; // [B, T, D]: the last layer's state after every token
  /**
   * [B, T, T]: ‖∂h_t/∂x_s‖, the Frobenius norm of the Jacobian of the last layer's state t by the vector that was read at s,
   * exact: what backpropagation through time gives. 0 where s > t.
   */
  influence?: Tensor;
  trace: Map<string, Tensor>;
}

const configKeys: ReadonlySet<string> = new Set<keyof RecurrentConfig>([
  'vocabSize',
  'inputSize',
  'hiddenSize',
  'numLayers',
]);
const inputKeys: ReadonlySet<string> = new Set<keyof RecurrentInputs>(['inputIds', 'inputsEmbeds']);
const optionKeys: ReadonlySet<string> = new Set<keyof RecurrentOptions>(['influence', 'trace']);
const seedKeys = new Set(['seed']);
const most = 1 << 24;

export class Recurrent extends Parameterised {
  /** Every field, defaults filled in. */
  readonly config: CompleteRecurrentConfig;
  /** @internal */
  protected override readonly handle: Handle<NativeRecurrent>;

  /** @internal */
  constructor(
    native: NativeModule,
    handles: Handles,
    given: RecurrentConfig,
    options?: SeedOptions,
  ) {
    super();
    const { seed = 0 } = checkKeys('options', options, seedKeys);
    checkSeed('seed', seed);
    const config = complete(given);
    this.config = config;
    const network = callNative(() => native.createRecurrent(config));
    this.handle = handles.adopt(this, network, 'Recurrent');
    this.initialise(seed);
  }

  /** inputIds [B, T] (or inputsEmbeds [B, T, I]) → lastHiddenState [B, T, D] and, on request, influence [B, T, T]. */
  forward(inputs: RecurrentInputs, options?: RecurrentOptions): RecurrentOutput {
    void this.handle.native; // a disposed network says so first
    const read = readInputs(inputs, this.config);
    const { influence = false, trace } = checkKeys('options', options, optionKeys);
    const asked = {
      influence: checkBoolean('influence', influence),
      trace: traceNames(trace, this.activations),
    };
    const { trace: record, ...outputs } = callNative(() => this.handle.native.forward(read, asked));
    return { ...outputs, trace: traceMap(record) };
  }
}

function complete(given: RecurrentConfig): CompleteRecurrentConfig {
  const {
    vocabSize = 0,
    hiddenSize,
    inputSize = hiddenSize,
    numLayers = 1,
  } = checkObject('config', given, configKeys);
  return {
    vocabSize: checkInteger('config.vocabSize', vocabSize, 0, most),
    hiddenSize: checkInteger('config.hiddenSize', hiddenSize, 1, most),
    inputSize: checkInteger('config.inputSize', inputSize, 1, most),
    numLayers: checkInteger('config.numLayers', numLayers, 1, 1024),
  };
}

function readInputs(given: RecurrentInputs, { vocabSize, inputSize }: CompleteRecurrentConfig) {
  const { inputIds, inputsEmbeds } = checkObject('inputs', given, inputKeys);
  if ((inputIds === undefined) === (inputsEmbeds === undefined)) {
    fail(
      'invalid_argument',
      `inputs: expected either inputIds or inputsEmbeds, got ${inputIds === undefined ? 'neither' : 'both'}`,
    );
  }
  if (inputIds !== undefined) {
    if (vocabSize === 0)
      fail(
        'invalid_argument',
        'inputIds: this network has no embedding (vocabSize 0); pass inputsEmbeds',
      );
    const { ids, ...shape } = readIds('inputIds', inputIds, vocabSize);
    return { ...notEmpty(shape), inputIds: ids, inputsEmbeds: null };
  }
  const { data, dims } = checkTensor('inputsEmbeds', inputsEmbeds);
  if (dims.length !== 3 || dims[2] !== inputSize) {
    fail('shape_mismatch', `inputsEmbeds: expected [B, T, ${inputSize}], got ${shapeText(dims)}`);
  }
  return { ...notEmpty({ batch: dims[0]!, length: dims[1]! }), inputIds: null, inputsEmbeds: data };
}

function notEmpty({ batch, length }: Batch): Batch {
  if (batch < 1 || length < 1) {
    fail(
      'invalid_argument',
      `inputs: expected at least one sequence of one token, got ${shapeText([batch, length])}`,
    );
  }
  return { batch, length };
}
