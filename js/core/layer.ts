// One multi-head attention layer with learned projections, over its native counterpart.
// Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
import { completeAttentionConfig } from './config.js';
import { callNative, fail } from './errors.js';
import type { Handle, Handles } from './handles.js';
import type { NativeAttentionLayer, NativeModule } from './native.js';
import { Parameterised } from './parameters.js';
import { traceMap, traceNames } from './trace.js';
import type { LayerInputs, LayerOptions, LayerOutput, SeedOptions } from './attention-types.js';
import type { AttentionLayerConfig, CompleteAttentionConfig } from './config-types.js';
import { Tensor, type MaskInput, type TensorInput } from './tensor.js';
import {
  checkBoolean,
  checkCells,
  checkKeys,
  checkMask,
  checkObject,
  checkSeed,
  checkShape,
  checkTemperature,
  checkTensor,
  shapeText,
} from './validation.js';

const inputKeys = new Set(['query', 'key', 'value', 'keyMask', 'mask']);
const optionKeys = new Set(['causal', 'temperature', 'trace']);
const seedKeys = new Set(['seed']);

export class AttentionLayer extends Parameterised {
  /** Every field, defaults filled in. */
  readonly config: CompleteAttentionConfig;
  /** @internal */
  protected override readonly handle: Handle<NativeAttentionLayer>;

  /** @internal */
  constructor(
    native: NativeModule,
    handles: Handles,
    given: AttentionLayerConfig,
    options?: SeedOptions,
  ) {
    super();
    const { seed = 0 } = checkKeys('options', options, seedKeys);
    checkSeed('seed', seed);
    const config = completeAttentionConfig('config', given);
    this.config = config;
    const layer = callNative(() => native.createAttentionLayer(config));
    this.handle = handles.adopt(this, layer, 'AttentionLayer');
    this.initialise(seed);
  }

  /**
   * query [B, T, D]; key and value [B, S, D], each by default the one before it (self-attention).
   * keyMask [B, S] and mask [T, S], [B, T, S] or [B, H, T, S]: 1 = may attend.
   * Two axes instead of three mean a batch of one, and the output then has two as well.
   */
  forward(given: LayerInputs, options?: LayerOptions): LayerOutput {
    void this.handle.native; // a disposed layer says so first
    const inputs = checkObject('inputs', given, inputKeys);
    const { dModel, numHeads } = this.config;
    const first = checkTensor('query', inputs.query);
    const single = first.dims.length === 2;
    const query = asBatch('query', first, single, dModel);
    const key = inputs.key === undefined ? null : asBatch('key', inputs.key, single, dModel);
    const value =
      inputs.value === undefined ? null : asBatch('value', inputs.value, single, dModel);
    const [batch, queries] = query.dims as [number, number, number];
    const keys = (key ?? query).dims[1]!;
    if (key) checkShape('key', key.dims, [batch, keys, dModel]);
    if (value) checkShape('value', value.dims, [batch, keys, dModel]);
    const keyMask =
      inputs.keyMask === undefined ? null : checkKeyMask(inputs.keyMask, batch, keys, single);
    const mask = inputs.mask === undefined ? null : checkMask('mask', inputs.mask);
    const cells = mask && {
      data: mask.data,
      dims: checkCells('mask', mask.dims, [batch, numHeads], queries, keys),
    };
    const { causal, temperature = 1, trace } = checkKeys('options', options, optionKeys);

    const nativeOptions = {
      keyMask,
      mask: cells,
      causal: causal === undefined ? null : checkBoolean('causal', causal),
      temperature: checkTemperature(temperature),
      trace: traceNames(trace, this.activations),
    };
    const { output, trace: record } = callNative(() =>
      this.handle.native.forward(query, key, value, nativeOptions),
    );
    return {
      output: single ? new Tensor(output.data, output.dims.slice(1)) : output,
      trace: traceMap(record),
    };
  }
}

function asBatch(name: string, tensor: TensorInput, single: boolean, dModel: number): Tensor {
  const { data, dims } = checkTensor(name, tensor);
  const axes = single ? 2 : 3;
  if (dims.length !== axes || dims.at(-1) !== dModel) {
    const expected =
      single && name !== 'query'
        ? `[S, ${dModel}], as query has two axes`
        : `[B, T, ${dModel}] or [T, ${dModel}]`;
    fail('shape_mismatch', `${name}: expected ${expected}, got ${shapeText(dims)}`);
  }
  return single ? new Tensor(data, [1, ...dims]) : new Tensor(data, dims);
}

function checkKeyMask(given: MaskInput, batch: number, keys: number, single: boolean): Uint8Array {
  const { data, dims } = checkMask('keyMask', given);
  checkShape('keyMask', dims, single && dims.length === 1 ? [keys] : [batch, keys]);
  return data;
}
