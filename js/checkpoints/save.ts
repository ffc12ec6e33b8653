// Saves a model as the folder that loadModel reads: as the family it came from, or as the first that can express its config.
import { AttentionLabError } from '../core/errors.js';
import { columnsOf } from '../core/parameters.js';
import type { SaveOptions } from './types.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import { checkDtype, type WeightDtype } from '../core/dtype.js';
import { Tensor } from '../core/tensor.js';
import { checkKeys } from '../core/validation.js';
import { dimsInFile } from './match-tensors.js';
import { families } from './families.js';
import type { TensorRule } from './family.js';
import { writeJson } from '../core/json.js';
import { ownRules } from './rules.js';
import { quantisation, quantise, scaleDims, scaleName } from './int8.js';
import { writeSafetensors, type Entry } from './save-tensors.js';

/** A checkpoint's extras, which saving passes through. */
export interface Origin {
  /** Its config.json. */
  json: Readonly<Record<string, unknown>>;
  rules: readonly TensorRule[];
  /** Weights of the family that this package has no use for. */
  passedThrough: ReadonlyMap<string, Tensor>;
  /** File name → what it held: the tokenizer's files, or the preprocessor's. */
  files: ReadonlyMap<string, string | Uint8Array>;
}

/** What is saved. `origin` is undefined for models of `createModel`. */
export interface Saved {
  config: CompleteModelConfig;
  origin: Origin | undefined;
  preprocessor: Readonly<Record<string, unknown>> | undefined;
  parameterShapes(): ReadonlyMap<string, readonly number[]>;
  parameter(name: string): Tensor;
  dtype: WeightDtype;
  matrices: ReadonlySet<string>;
}

/** Transformers' names: of int8 those of what is not quantised. */
const dtypeNames = { f32: 'float32', f16: 'float16', int8: 'float32' } as const;

/** File name → bytes. */
export function saveModel(model: Saved, given?: SaveOptions): Map<string, Uint8Array> {
  const { dtype: asked = model.dtype } = checkKeys('options', given, new Set(['dtype']));
  const dtype = checkDtype(asked);
  const { json, rules, passedThrough, files } = model.origin ?? asFamily(model);
  const float = dtype === 'f16' ? 'F16' : 'F32';
  const entries = rules.flatMap((rule) =>
    [rule.theirs[0]!, ...(rule.copies ?? [])].flatMap((name): Entry[] =>
      dtype === 'int8' && isMatrix(model, rule.ours)
        ? quantised(model, rule, name)
        : [{ name, dims: dimsInFile(rule), dtype: float, values: () => valuesOf(model, rule) }],
    ),
  );
  for (const [name, { data, dims }] of passedThrough)
    entries.push({ name, dims, dtype: float, values: () => data });
  const encoder = new TextEncoder();
  return new Map([
    ['config.json', encoder.encode(writeJson(withDtype(json, dtype)))],
    ['model.safetensors', writeSafetensors(entries)],
    ...[...files].map(
      ([name, held]) =>
        [name, typeof held === 'string' ? encoder.encode(held) : held.slice()] as const,
    ),
  ]);
}

/** Transformers 5 says dtype, 4 says torch_dtype: one of them, the one that the config had. */
function withDtype(
  json: Readonly<Record<string, unknown>>,
  dtype: WeightDtype,
): Record<string, unknown> {
  const { dtype: _, quantization_config: __, ...rest } = json;
  const field = 'torch_dtype' in rest ? 'torch_dtype' : 'dtype';
  const told = dtype === 'int8' ? { quantization_config: quantisation } : {};
  return { ...rest, [field]: dtypeNames[dtype], ...told };
}

/** A matrix as two tensors, its scales first, so that a reader has them when the rest comes. Quantised once for both. */
function quantised(model: Saved, rule: TensorRule, name: string): Entry[] {
  const dims = dimsInFile(rule);
  let held: ReturnType<typeof quantise> | undefined;
  return [
    {
      name: scaleName(name),
      dims: scaleDims(dims, rule.transposed),
      dtype: 'F32',
      values() {
        held = quantise(rule.ours, parameterOf(model, rule).data, rule.dims[0]!);
        const groups = held.scales.length / rule.dims[0]!;
        return rule.transposed ? columnsOf(held.scales, groups, 0, groups) : held.scales;
      },
    },
    {
      name,
      dims,
      dtype: 'I8',
      values() {
        const { q } = held!;
        held = undefined;
        return rule.transposed ? columnsOf(q, rule.dims[1]!, 0, rule.dims[1]!) : q;
      },
    },
  ];
}

/** The last family, our own, can express every config. */
function asFamily(model: Saved): Origin {
  const { config, preprocessor } = model;
  const files = new Map<string, string>();
  if (preprocessor)
    files.set('preprocessor_config.json', `${JSON.stringify(preprocessor, null, 2)}\n`);
  const common = { passedThrough: new Map<string, Tensor>(), files };
  for (const family of families) {
    const json = family.write(config);
    const plan = attempt(() =>
      family.read(json, (json['architectures'] as string[])[0], willHave(config), undefined),
    );
    if (plan && sameModel(plan.config, config))
      return { json, rules: plan.rules ?? ownRules(model.parameterShapes()), ...common };
  }
  throw new AttentionLabError('internal', 'save: no family can express this config');
}

/** Of a file that is not yet written, families ask only this. */
function willHave({ pooler, lmHeadBias }: CompleteModelConfig): (name: string) => boolean {
  return (name) =>
    (pooler && /(^|\.)pooler\.dense\./.test(name)) || (lmHeadBias && name === 'final_logits_bias');
}

/** undefined where a family refuses its own config.json: it cannot express what the config says. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AttentionLabError) return undefined;
    throw error;
  }
}

/** Whether two configs compute the same. One fused projection or three are the same weights, laid out otherwise. */
function sameModel(a: CompleteModelConfig, b: CompleteModelConfig): boolean {
  const text = (config: CompleteModelConfig): string =>
    JSON.stringify({ ...config, attention: { ...config.attention, fused: false } });
  return text(a) === text(b);
}

function valuesOf(model: Saved, rule: TensorRule): Float32Array {
  const { data: ours } = parameterOf(model, rule);
  const data = rule.convert ? rule.convert.theirs(ours) : ours;
  const [, cols = 1] = rule.dims;
  return rule.transposed ? columnsOf(data, cols, 0, cols) : data;
}

const parts = ['q_proj', 'k_proj', 'v_proj'];

function isMatrix({ matrices }: Saved, ours: string): boolean {
  return [ours, ours.replace(/[qkv]_proj/, 'qkv_proj'), ours.replace('qkv_proj', parts[0]!)].some(
    (name) => matrices.has(name),
  );
}

/** A parameter, though the family fuses q, k and v and the model does not, or the other way round. */
function parameterOf(model: Saved, { ours, dims }: TensorRule): Tensor {
  if (model.parameterShapes().has(ours)) return model.parameter(ours);
  const [part] = /[qkv]{1,3}_proj/.exec(ours)!;
  if (part === 'qkv_proj') {
    const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
    let at = 0;
    for (const each of parts) {
      const { data: values } = model.parameter(ours.replace(part, each));
      data.set(values, at);
      at += values.length;
    }
    return new Tensor(data, dims);
  }
  const { data } = model.parameter(ours.replace(part, 'qkv_proj')); // q, k and v have one size where they are fused
  const size = data.length / 3;
  return new Tensor(data.slice(parts.indexOf(part) * size, (parts.indexOf(part) + 1) * size), dims);
}
