// Picks a model family by config.json and matches a file's tensors with the family's table. A family is one such table.
import { fail } from '../core/errors.js';
import type { NativeModelConfig } from '../core/native.js';
import { sameShape, shapeText } from '../core/validation.js';
import { attentionLab } from './attention-lab.js';
import { bert } from './bert.js';
import { ConfigReader } from './config-reader.js';
import { distilbert } from './distilbert.js';
import { checkReadable, isReadable } from './dtypes.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { longformer } from './longformer.js';
import { marian } from './marian.js';
import { roberta } from './roberta.js';
import type { TensorInfo } from './safetensors.js';
import type { GenerationDefaults } from '../generation/token-rules.js';
import { vit } from './vit.js';

/** One parameter of ours and where a file has it. */
export interface TensorRule {
  ours: string;
  /** Its name in a file, then older ones: the first that is there counts, and errors say the first of all. */
  theirs: string[];
  /** Saved under these of them, too: Transformers wants tensors of those names, but does not compute with them. */
  copies?: string[];
  /** Ours. */
  dims: number[];
  /** The file holds [in, out] where ours is [out, in]. */
  transposed?: boolean;
  /** The file's dims, where it says the same values otherwise. */
  saved?: number[];
}

export interface Plan {
  config: NativeModelConfig;
  /** undefined: the file has every parameter under its own name. */
  rules: TensorRule[] | undefined;
  /** Tensors that a file may hold and no forward pass needs: buffers and copies. */
  ignored: RegExp[];
  /** Weights of the family that no forward pass of ours needs, kept for `save`. */
  carried?: RegExp[];
  /** What generation_config.json, or else config.json, says about generated tokens. */
  generation?: GenerationDefaults;
  /** The names of a classifier's classes. */
  labels?: string[];
}

export interface Family {
  /** config.json's model_type. */
  modelType: string;
  /** Other names that a config.json may have for fields of the family's own: Transformers' attribute_map. */
  aliases?: Readonly<Record<string, string>>;
  /** config.json's architectures that this family computes. */
  architectures: string[];
  /** Transformers' class of its tokenizers, where no file names another. */
  tokenizerClass?: string;
  /** Whether a generation_config.json may belong to it. */
  generates?: boolean;
  /** Whether a preprocessor_config.json belongs to it rather than a tokenizer. */
  readsPictures?: boolean;
  /** `has` tells whether the file holds a tensor of that name; `generation` is generation_config.json, where it is there. */
  read(
    json: Readonly<Record<string, unknown>>,
    architecture: string | undefined,
    has: (name: string) => boolean,
    generation: Readonly<Record<string, unknown>> | undefined,
  ): Plan;
  /**
   * The config.json of a model of this config, as near as the family comes to it: the config counts as this family's
   * only if `read` gives it back, so that no condition is written twice.
   */
  write(config: NativeModelConfig): Readonly<Record<string, unknown>>;
}

/** Of a file for quite another model, the first problems say enough. */
const shown = 40;

/** The first that can express a config is the one it is saved as. */
export const families: readonly Family[] = [
  bert,
  distilbert,
  gpt2,
  llama,
  longformer,
  marian,
  roberta,
  vit,
  attentionLab,
];

/** The family of a config.json, and the one of its architectures that counts; refuses unknown ones. */
export function chooseFamily(json: Readonly<Record<string, unknown>>): {
  family: Family;
  architecture: string | undefined;
} {
  const { model_type: modelType, architectures } = json;
  if (architectures !== undefined && architectures !== null && !isStrings(architectures)) {
    fail(
      'bad_checkpoint',
      `config.json: architectures: expected names, got ${JSON.stringify(architectures).slice(0, 60)}`,
    );
  }
  const architecture = isStrings(architectures) ? architectures[0] : undefined;
  const family = families.find((candidate) =>
    modelType === undefined && architecture !== undefined
      ? candidate.architectures.includes(architecture)
      : candidate.modelType === modelType,
  );
  const known = families
    .map((each) => `${each.modelType} (${each.architectures.join(', ')})`)
    .join('; ');
  if (!family) {
    fail(
      'unsupported_checkpoint',
      `config.json: model_type: expected one of ${known}, got ${String(JSON.stringify(modelType)).slice(0, 60)}`,
    );
  }
  if (architecture !== undefined && !family.architectures.includes(architecture)) {
    fail(
      'unsupported_checkpoint',
      `config.json: architectures: expected one of ${known}, got "${architecture.slice(0, 60)}"`,
    );
  }
  return { family, architecture };
}

/** What no family computes, whatever it is set on. */
export function refuseUnserved(json: Readonly<Record<string, unknown>>): void {
  const config = new ConfigReader(json);
  config.refuseIfGiven('quantization_config');
  config.refuseUnless('tie_encoder_decoder', false);
  const pruned = config.section('pruned_heads');
  if (pruned && pruned.names().length > 0)
    config.refuse('pruned_heads', 'none', json['pruned_heads']);
}

/** The fields by the family's own names; one that is there under its own name counts. */
export function withOwnNames(
  json: Readonly<Record<string, unknown>>,
  aliases: Family['aliases'] = {},
): Readonly<Record<string, unknown>> {
  const renamed = Object.entries(aliases).filter(([alias]) => Object.hasOwn(json, alias));
  return { ...Object.fromEntries(renamed.map(([alias, own]) => [own, json[alias]])), ...json };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The rule of every tensor to load, by its name in the file. Names all that are missing, unexpected or mis-shaped. */
export function matchTensors(
  file: string,
  plan: Plan,
  rules: readonly TensorRule[],
  tensors: ReadonlyMap<string, TensorInfo>,
): Map<string, TensorRule> {
  const wanted = new Map<string, TensorRule>();
  const problems: string[] = [];
  const known = new Set(rules.flatMap(({ theirs }) => theirs));
  for (const rule of rules) {
    const expected = dimsInFile(rule);
    const name = rule.theirs.find((candidate) => tensors.has(candidate));
    if (name === undefined) {
      problems.push(`${rule.theirs[0]!}: missing (expected ${shapeText(expected)})`);
      continue;
    }
    const info = tensors.get(name)!;
    if (!sameShape(info.dims, expected))
      problems.push(`${name}: expected ${shapeText(expected)}, got ${shapeText(info.dims)}`);
    else checkReadable(`${file}: ${name}`, info.dtype);
    wanted.set(name, rule);
  }
  for (const name of tensors.keys()) {
    if (
      known.has(name) ||
      [...plan.ignored, ...(plan.carried ?? [])].some((pattern) => pattern.test(name))
    )
      continue;
    problems.push(`${name}: unexpected; no part of this model`);
  }
  if (problems.length > 0) {
    const more = problems.length > shown ? `; and ${problems.length - shown} more` : '';
    fail('checkpoint_mismatch', `${file}: ${problems.slice(0, shown).join('; ')}${more}`);
  }
  return wanted;
}

/** The names of the tensors that are kept for `save`. */
export function carriedTensors(plan: Plan, tensors: ReadonlyMap<string, TensorInfo>): string[] {
  const isCarried = ({ name, dtype }: TensorInfo): boolean =>
    isReadable(dtype) && (plan.carried ?? []).some((pattern) => pattern.test(name));
  return [...tensors.values()].filter(isCarried).map(({ name }) => name);
}

/** The dims of a rule's tensor in the file. */
export function dimsInFile({ dims, transposed, saved }: TensorRule): number[] {
  return saved ?? (transposed ? [...dims].reverse() : dims);
}
