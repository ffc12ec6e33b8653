// What a folder of sentence-transformers says about the vectors of texts: modules.json, the pooling's config.json, the longest
// text and the prompt. https://sbert.net; sentence_transformers/models/Pooling.py and SentenceTransformer.py.
import { AttentionLabError, fail } from '../core/errors.js';
import { poolings, type SentenceSettings } from '../core/checkpoint-extras.js';
import type { CheckpointFiles } from '../tokenizers/files.js';
import { ConfigReader, show } from '../core/config-reader.js';
import { parseJson } from '../core/json.js';

const modulesFile = 'modules.json';

/** Transformers' flag of each pooling; version 5 has `pooling_mode` instead. */
const flags: Readonly<Record<string, (typeof poolings)[number]>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

/** undefined: not a folder of sentence-transformers. What it asks for that is unsupported here is reported when texts are embedded. */
export async function readSentenceSettings(
  files: CheckpointFiles,
): Promise<SentenceSettings | undefined> {
  const text = await files.text(modulesFile);
  if (text === undefined) return undefined;
  try {
    return await readModules(files, parseJson(modulesFile, text));
  } catch (error) {
    // The model itself is none the worse for it.
    if (error instanceof AttentionLabError && error.code === 'unsupported_checkpoint')
      return { pooling: 'mean', normalise: true, unsupported: error.message };
    throw error;
  }
}

async function readModules(files: CheckpointFiles, modules: unknown): Promise<SentenceSettings> {
  if (!Array.isArray(modules))
    fail('bad_checkpoint', `${modulesFile}: expected an array of modules, got ${show(modules)}`);
  const settings: SentenceSettings = { pooling: 'mean', normalise: false };
  for (const [index, module] of modules.entries()) {
    const name = `${modulesFile}: [${index}]`;
    if (typeof module !== 'object' || module === null || Array.isArray(module))
      fail('bad_checkpoint', `${name}: expected an object, got ${show(module)}`);
    const config = new ConfigReader(module as Record<string, unknown>, `[${index}].`, modulesFile);
    const type = config.text('type', '').split('.').at(-1)!;
    const { path = '' } = module as { path?: unknown };
    if (typeof path !== 'string' || !/^([\w-][\w.-]*(\/[\w-][\w.-]*)*)?$/.test(path))
      fail('bad_checkpoint', `${name}.path: expected a folder within this one, got ${show(path)}`);
    if (type === 'Transformer' && index === 0)
      Object.assign(settings, await readTransformer(files, path));
    else if (type === 'Pooling' && index === 1)
      Object.assign(settings, await readPooling(files, path));
    else if (type === 'Normalize' && index > 1) settings.normalise = true;
    else config.refuse('type', 'Transformer, Pooling, then Normalize or none', type);
  }
  const prompts = await files.settings('config_sentence_transformers.json');
  const prompt = prompts && readPrompt(prompts);
  return prompt ? { ...settings, prompt } : settings;
}

/** The longest text, and whether it is in lower case. */
async function readTransformer(
  files: CheckpointFiles,
  path: string,
): Promise<Partial<SentenceSettings>> {
  const file = 'sentence_bert_config.json';
  if (path !== '')
    fail(
      'unsupported_checkpoint',
      `${modulesFile}: expected the model in the folder itself, got "${path}"`,
    );
  const json = await files.settings(file);
  if (!json) return {};
  const config = new ConfigReader(json, '', file);
  const longest = config.has('max_seq_length') ? config.size('max_seq_length', 0) : undefined;
  return {
    ...(longest !== undefined && { longest }),
    lowerCase: config.boolean('do_lower_case', false),
  };
}

async function readPooling(
  files: CheckpointFiles,
  path: string,
): Promise<Partial<SentenceSettings>> {
  const file = `${path === '' ? '' : `${path}/`}config.json`;
  const json = path === '' ? undefined : await files.settings(file);
  if (!json)
    fail(
      'unsupported_checkpoint',
      `${file}: not found, though ${modulesFile} names it: how texts are pooled is not known`,
    );
  const config = new ConfigReader(json, '', file);
  config.refuseUnless('include_prompt', true);
  if (config.has('pooling_mode')) {
    const known = Object.fromEntries(poolings.map((pooling) => [pooling, pooling]));
    return { pooling: config.choice('pooling_mode', known, 'mean') };
  }
  const chosen = Object.keys(flags).filter((flag) => config.boolean(flag, false));
  // sentence-transformers: the mean where the file says nothing.
  if (chosen.length > 1) config.refuse(chosen[1]!, `false beside ${chosen[0]!}`, true);
  return { pooling: chosen.length === 0 ? 'mean' : flags[chosen[0]!]! };
}

/** What stands before every text unless the caller says otherwise. */
function readPrompt(json: Readonly<Record<string, unknown>>): string | undefined {
  const config = new ConfigReader(json, '', 'config_sentence_transformers.json');
  if (!config.has('default_prompt_name')) return undefined;
  return config.section('prompts')?.text(config.text('default_prompt_name', ''), '');
}
