// A stack of blocks with its embeddings and heads: checks the inputs of forward and makes the one native call.
import { callNative, fail } from './errors.js';
import type { Handle, Handles } from './handles.js';
import { checkInputs } from './inputs.js';
import { nativeInterventions } from './interventions.js';
import type { NativeForwardOptions, NativeModel, NativeModelConfig, NativeModule } from './native.js';
import { Parameterised } from './parameters.js';
import { traceMap, traceNames } from './trace.js';
import type { CompleteModelConfig, Encoding, ForwardInputs, ForwardOptions, ModelOutput, Tokenizer } from './types.js';
import { checkBoolean, checkCells, checkKeys, checkMask, checkPositive } from './validation.js';

const optionKeys = new Set(['outputAttentions', 'trace', 'interventions', 'causal', 'temperature', 'mask']);

/** What a forward pass without options asks for. */
const plain: NativeForwardOptions = {
  outputAttentions: false,
  trace: null,
  interventions: [],
  causal: null,
  temperature: 1,
  mask: null,
};

export class Model extends Parameterised<NativeModel> {
  /** Every field, defaults filled in. */
  readonly config: CompleteModelConfig;
  /** Undefined where the checkpoint has no tokenizer.json, and for models of `createModel`. */
  readonly tokenizer: Tokenizer | undefined;
  protected override readonly handle: Handle<NativeModel>;

  /** @internal Takes a complete config. Weights are zeros until `initialise` or `setParameter`. */
  constructor(native: NativeModule, handles: Handles, config: NativeModelConfig, tokenizer?: Tokenizer) {
    super();
    this.config = config;
    this.tokenizer = tokenizer;
    this.handle = handles.adopt(this, callNative(() => native.createModel(config)), 'Model');
  }

  /** @internal */
  initialise(seed: number): void {
    this.handle.native.initialise(seed);
  }

  /**
   * inputIds [B, T] (or inputsEmbeds [B, T, D]) → lastHiddenState [B, T, D], and logits [B, T, V] and
   * poolerOutput [B, D] where the model has those heads. Weights and inputs stay as they are.
   */
  forward(inputs: ForwardInputs, options?: ForwardOptions): ModelOutput {
    const native = this.handle.native;
    const nativeInputs = checkInputs(inputs, this.config);
    const nativeOptions =
      options === undefined ? plain : this.#options(options, nativeInputs.batch, nativeInputs.length);
    const { trace, ...outputs } = callNative(() => native.forward(nativeInputs, nativeOptions));
    return { ...outputs, trace: traceMap(trace) };
  }

  #options(given: ForwardOptions, batch: number, length: number): NativeForwardOptions {
    const options = checkKeys('options', given, optionKeys);
    const mask = options.mask === undefined ? null : checkMask('mask', options.mask);
    const heads = this.config.attention.numHeads;
    const cells = mask && { data: mask.data, dims: checkCells('mask', mask.dims, [batch, heads], length, length) };
    return {
      outputAttentions: checkBoolean('outputAttentions', options.outputAttentions ?? false),
      trace: traceNames(options.trace, this.activations),
      interventions:
        options.interventions === undefined ? [] : nativeInterventions(options.interventions, this.activations),
      causal: options.causal === undefined ? null : checkBoolean('causal', options.causal),
      temperature: checkPositive('temperature', options.temperature ?? 1),
      mask: cells,
    };
  }

  /** The text (or pair of texts) in this model's ids; `no_tokenizer` where the checkpoint came without one. */
  encode(text: string, pair?: string): Encoding {
    return this.#requireTokenizer().encode(text, pair);
  }

  /** Ids of this model as text; `no_tokenizer` where the checkpoint came without one. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    return this.#requireTokenizer().decode(ids, options);
  }

  #requireTokenizer(): Tokenizer {
    return (
      this.tokenizer ??
      fail('no_tokenizer', 'this model has no tokenizer: its checkpoint has no tokenizer.json; pass token ids instead')
    );
  }
}

