// The registry of model families, and the choice among them by config.json.
import { fail } from '../core/errors.js';
import { attentionLab } from './attention-lab.js';
import { bert } from './bert.js';
import { ConfigReader } from '../core/config-reader.js';
import { distilbert } from './distilbert.js';
import type { Family } from './family.js';
import { gpt2 } from './gpt2.js';
import { isOurQuantisation } from './int8.js';
import { llama } from './llama.js';
import { longformer } from './longformer.js';
import { marian } from './marian.js';
import { gemma } from './gemma.js';
import { mistral } from './mistral.js';
import { qwen3 } from './qwen3.js';
import { qwen2 } from './qwen2.js';
import { roberta } from './roberta.js';
import { refuseUnknown } from './unknown-family.js';
import { vit } from './vit.js';
import { xlmRoberta } from './xlm-roberta.js';

/** The first that can express a config is the one it is saved as. */
export const families: readonly Family[] = [
  bert,
  distilbert,
  gemma,
  gpt2,
  llama,
  longformer,
  marian,
  mistral,
  qwen2,
  qwen3,
  roberta,
  vit,
  xlmRoberta,
  attentionLab,
];

export interface Choice {
  family: Family;
  architecture: string | undefined;
  /** The checkpoint's own architecture, where its head is left out: `architecture` is its body then. */
  beheaded?: { architecture: string; unasked: boolean };
}

/**
 * The family of a config.json, and the one of its architectures that counts: `bodyAlone`, the one without a head. Refuses unknown
 * families.
 */
export function chooseFamily(json: Readonly<Record<string, unknown>>, bodyAlone: boolean): Choice {
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
  if (!family) refuseUnknown(families, modelType, architecture, family);
  const isOurs = architecture === undefined || family.architectures.includes(architecture);
  if (family.body && (bodyAlone || !isOurs)) {
    const beheaded = { architecture: architecture ?? 'a model', unasked: !bodyAlone };
    return { family, architecture: family.body, beheaded };
  }
  if (bodyAlone && !family.body)
    fail(
      'unsupported_checkpoint',
      `head: expected a family with a body of its own for "none", got ${family.modelType}`,
    );
  if (!isOurs) refuseUnknown(families, modelType, architecture, family);
  return { family, architecture };
}

/** What no family computes, whatever it is set on. */
export function refuseUnsupported(json: Readonly<Record<string, unknown>>): void {
  const config = new ConfigReader(json);
  if (!isOurQuantisation(json['quantization_config'])) config.refuseIfGiven('quantization_config');
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
