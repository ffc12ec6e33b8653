// A stack of blocks with its embeddings and heads: checks the inputs of a forward pass and makes the one native call.
import { callNative, fail } from './errors.js';
import type { CompleteModelConfig } from './config-types.js';
import type { WeightDtype } from './dtype.js';
import type { ForwardInputs, ForwardOptions, ModelOutput } from './forward-types.js';
import type { Handle, Handles } from './handles.js';
import { checkInputs } from './inputs.js';
import { nativeInterventions } from './interventions.js';
import { checkMems, memsNames, nextMems } from './mems.js';
import type {
  NativeForwardInputs,
  NativeForwardOptions,
  NativeMask,
  NativeModel,
  NativeModule,
} from './native.js';
import { Parameterised } from './parameters.js';
import { Tensor } from './tensor.js';
import { multipliesBytes } from './variant.js';
import { traceMap, traceNames } from './trace.js';
import { checkBoolean, checkCells, checkKeys, checkMask, checkTemperature } from './validation.js';

/** @internal The wasm module of a runtime and the objects that live in it. */
export interface ModuleContext {
  native: NativeModule;
  handles: Handles;
}

const optionKeys: ReadonlySet<string> = new Set<keyof ForwardOptions>([
  'outputAttentions',
  'trace',
  'interventions',
  'causal',
  'temperature',
  'mask',
  'mems',
  'encoderMask',
  'crossMask',
]);

/** What a forward pass without options asks for. */
const plain: NativeForwardOptions = {
  outputAttentions: false,
  trace: null,
  interventions: [],
  causal: null,
  temperature: 1,
  mask: null,
  mems: null,
  encoderMask: null,
  crossMask: null,
};

/** The two logits of every token as two tensors, of a model that answers with a span. */
function spanLogits(
  logits: Tensor | undefined,
  { numLabels, labelsFor }: CompleteModelConfig,
): Pick<ModelOutput, 'startLogits' | 'endLogits'> {
  if (!logits || numLabels === 0 || labelsFor !== 'span') return {};
  const ofEnd = (end: 0 | 1): Tensor =>
    new Tensor(
      logits.data.filter((_, index) => index % 2 === end),
      logits.dims.slice(0, 2),
    );
  return { startLogits: ofEnd(0), endLogits: ofEnd(1) };
}

/** What every model is: parameters and a forward pass. */
export class CoreModel extends Parameterised {
  /** Every field, defaults filled in. */
  readonly config: CompleteModelConfig;
  /** How the model keeps its matrices. */
  readonly dtype: WeightDtype;
  /** @internal */
  protected override readonly handle: Handle<NativeModel>;

  /** @internal Takes a complete config. Weights are zeros until `initialise` or `setParameter`. */
  constructor(
    { native, handles }: ModuleContext,
    config: CompleteModelConfig,
    dtype: WeightDtype = 'f32',
  ) {
    super();
    this.config = config;
    this.dtype = dtype;
    if (dtype === 'int8' && native.variant() === 'relaxed' && !multipliesBytes())
      fail(
        'unsupported_engine',
        'dtype int8: this engine has a fault in relaxed SIMD; ask for the variant "simd128" or "auto"',
      );
    this.handle = handles.adopt(
      this,
      callNative(() => native.createModel(config, dtype)),
      'Model',
    );
  }

  /**
   * inputIds [B, T] (or inputsEmbeds [B, T, D]) → lastHiddenState [B, T, D], and logits [B, T, V] and
   * poolerOutput [B, D] where the model has those heads. Of an encoder–decoder, inputIds [B, S] and decoderInputIds [B, T]
   * → the same of its decoder, and encoderLastHiddenState [B, S, D]. Weights and inputs stay as they are.
   */
  forward(inputs: ForwardInputs, options?: ForwardOptions): ModelOutput {
    void this.handle.native; // a disposed model says so first
    const nativeInputs = checkInputs(inputs, this.config);
    const nativeOptions = options === undefined ? plain : this.nativeOptions(options, nativeInputs);
    // A pass from `start` on is part of one whose mems are known.
    const entered = nativeInputs.start ? [] : memsNames(this.config);
    const wanted = nativeOptions.trace;
    const asked =
      wanted?.[0] === '*' || entered.length === 0
        ? wanted
        : [...new Set([...(wanted ?? []), ...entered])];
    const { trace: record, ...native } = callNative(() =>
      this.handle.native.forward(nativeInputs, { ...nativeOptions, trace: asked }),
    );
    const outputs = { ...native, ...spanLogits(native.logits, this.config) };
    const trace = traceMap(record);
    if (entered.length === 0) return { ...outputs, trace };
    const mems = entered.map((name, layer) =>
      nextMems(nativeOptions.mems, layer, trace.get(name)!, this.config.memLength),
    );
    for (const name of entered)
      if (wanted?.[0] !== '*' && !wanted?.includes(name)) trace.delete(name);
    return { ...outputs, mems, trace };
  }

  /** @internal Checked, and as the native call takes them. */
  nativeOptions(
    given: ForwardOptions,
    { batch, length: S, decoder }: NativeForwardInputs,
  ): NativeForwardOptions {
    const options = checkKeys('options', given, optionKeys);
    const { attention, encoder } = this.config;
    const T = decoder?.length ?? S;
    const cells = (
      name: 'mask' | 'encoderMask' | 'crossMask',
      heads: number,
      queries: number,
      keys: number,
    ): NativeMask | null => {
      if (options[name] === undefined) return null;
      if (name !== 'mask' && !encoder)
        fail('invalid_argument', `${name}: this model has no encoder; pass mask`);
      const { data, dims } = checkMask(name, options[name]);
      return { data, dims: checkCells(name, dims, [batch, heads], queries, keys) };
    };
    const mems = options.mems === undefined ? null : checkMems(options.mems, this.config, batch);
    return {
      outputAttentions: checkBoolean('outputAttentions', options.outputAttentions ?? false),
      trace: traceNames(options.trace, this.activations),
      interventions:
        options.interventions === undefined
          ? []
          : nativeInterventions(options.interventions, this.activations),
      causal: options.causal === undefined ? null : checkBoolean('causal', options.causal),
      temperature: checkTemperature(options.temperature ?? 1),
      mask: cells('mask', attention.numHeads, T, (mems?.length ?? 0) + T),
      mems,
      encoderMask: cells('encoderMask', encoder?.attention.numHeads ?? 0, S, S),
      crossMask: cells('crossMask', attention.numHeads, T, S),
    };
  }
}
