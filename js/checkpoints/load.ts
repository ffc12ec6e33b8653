// Loads a checkpoint: config, tokenizer, then the weights, tensor by tensor into the module.
import type { CompleteModelConfig } from '../core/config-types.js';
import { checkDtype, type WeightDtype } from '../core/dtype.js';
import { AttentionLabError, checkAborted, fail, type ErrorCode } from '../core/errors.js';
import type { CheckpointExtras } from '../core/checkpoint-extras.js';
import type { CoreModel } from '../core/model.js';
import { CheckpointFiles, type FileSource } from '../tokenizers/files.js';
import { reading } from '../core/plain.js';
import { readTokenizers, type Tokenizers } from '../tokenizers/formats.js';
import type { LoadOptions, ModelSource } from './types.js';
import { Tensor } from '../core/tensor.js';
import { yieldToEventLoop } from '../core/event-loop.js';
import {
  checkCallback,
  checkKeys,
  checkNoNaN,
  checkOneOf,
  checkSignal,
} from '../core/validation.js';
import { matchTensors, passedThroughTensors, withHeadPassedThrough } from './match-tensors.js';
import { chooseFamily, refuseUnsupported, withOwnNames } from './families.js';
import type { Folder, FolderFile, OpenFolder } from './folder.js';
import { WrongBytes } from './hub-files.js';
import { loadKeys } from './hub-id.js';
import { isOurQuantisation, scaleName, widened } from './int8.js';
import { parseObject } from '../core/json.js';
import { readBytes, readText } from './read-file.js';
import { isHead, ownRules } from './rules.js';
import { readSentenceSettings } from './sentence-transformer.js';
import type { Origin } from './save.js';
import { openWeights } from './shards.js';

const largestConfig = 1 << 24;

/** What loading makes: a model that remembers what `save` gives back. */
export interface LoadedModel extends CoreModel {
  origin: Origin | undefined;
}

export type CreateModel<M extends LoadedModel> = (
  config: CompleteModelConfig,
  extras: CheckpointExtras,
  dtype: WeightDtype,
) => M;

export async function loadCheckpoint<M extends LoadedModel>(
  source: ModelSource,
  given: LoadOptions | undefined,
  openFolder: OpenFolder,
  create: CreateModel<M>,
): Promise<M> {
  const { dtype, head, onProgress, signal, ...hubOptions } = checkKeys('options', given, loadKeys);
  if (dtype !== undefined) checkDtype(dtype);
  if (head !== undefined) checkOneOf('head', head, ['none']);
  checkCallback('onProgress', onProgress);
  checkAborted(checkSignal('signal', signal), 'loadModel');
  const load = (): Promise<M> => {
    const folder = reading('source', () => openFolder(source, hubOptions));
    return loadFrom(new FolderReader(folder, { dtype, head, onProgress, signal }), create);
  };
  try {
    return await load();
  } catch (error) {
    if (error instanceof WrongBytes) return load(); // a download that went wrong is made again, once
    throw error;
  }
}

async function loadFrom<M extends LoadedModel>(
  reader: FolderReader,
  create: CreateModel<M>,
): Promise<M> {
  const { onProgress, signal } = reader.options;
  const json = parseObject('config.json', await reader.text('config.json', largestConfig));
  const { family, architecture, beheaded } = chooseFamily(json, reader.options.head === 'none');
  refuseUnsupported(json);
  const files = new CheckpointFiles(reader);
  const tokenizers = await orItsProblem(readTokenizers(files, family.tokenizerClass, json));
  const generation = family.generates ? await files.settings('generation_config.json') : undefined;
  const preprocessor = family.readsPictures
    ? await files.settings('preprocessor_config.json')
    : undefined;
  // Bodies alone give vectors of texts; others are not asked, as each file that is not there is a 404 in somebody's console.
  const isBody = /Model$|^$/.test(architecture ?? '') && !family.readsPictures;
  const sentences = isBody && tokenizers.tokenizer ? await readSentenceSettings(files) : undefined;
  const weights = await openWeights(reader, onProgress, signal);
  let model: M | undefined;
  try {
    let plan = family.read(
      withOwnNames(json, family.aliases),
      architecture,
      (name) => weights.tensors.has(name) && !(beheaded && isHead(name)),
      generation,
    );
    const warnings: string[] = [];
    if (beheaded !== undefined) {
      const parts = withHeadPassedThrough(plan, plan.rules ?? [], weights.tensors);
      plan = parts.plan;
      if (beheaded.unasked)
        warnings.push(withoutHead(beheaded.architecture, architecture!, parts.head));
    }
    const extras = {
      ...tokenizers,
      warnings,
      preprocessor,
      sentences,
      generation: plan.generation,
      labels: plan.labels,
    };
    const dtype =
      reader.options.dtype ?? (isOurQuantisation(json['quantization_config']) ? 'int8' : 'f32');
    if (!plan.rules) model = create(plan.config, extras, dtype);
    const rules = plan.rules ?? ownRules(model!.parameterShapes());
    const wanted = matchTensors(weights.name, plan, rules, weights.tensors);
    model ??= create(plan.config, extras, dtype);
    checkComplete(
      model,
      rules.map(({ ours }) => ours),
    );
    const passedThrough = new Map<string, Tensor>();
    const quantised = new Set(
      [...wanted.keys()].filter((name) => weights.tensors.get(name)!.dtype.name === 'I8'),
    );
    const names = [
      ...wanted.keys(),
      ...[...quantised].map(scaleName),
      ...passedThroughTensors(plan, weights.tensors),
    ];
    for await (const [name, tensor] of widened(weights.read(new Set(names)), quantised)) {
      const rule = wanted.get(name);
      if (rule) {
        checkNoNaN(`${weights.name}: ${name}`, tensor.data, 'bad_checkpoint');
        const values = rule.convert ? rule.convert.ours(tensor.data) : tensor.data;
        model.writeParameter(rule.ours, new Tensor(values, rule.dims), rule.transposed);
      } else {
        passedThrough.set(name, tensor);
      }
      await yieldToEventLoop(); // an abort arrives in between
      checkAborted(signal, 'loadModel');
    }
    checkAborted(signal, 'loadModel');
    model.origin = { json, rules, passedThrough, files: files.kept };
    return model;
  } catch (error) {
    model?.dispose();
    throw error;
  } finally {
    await weights.close();
  }
}

const withoutHead = (own: string, body: string, head: readonly string[]): string =>
  `config.json: ${own}: loaded as its body, ${body}; ${head.length > 0 ? `not computed with: ${head.join(', ')}` : 'no other tensor is there'}`;

/** A tokenizer that cannot be read leaves a model that is used by ids: what is wrong is said where a text is given, and in warnings. */
async function orItsProblem(
  reading: Promise<Tokenizers>,
): Promise<Tokenizers & { tokenizerProblem?: AttentionLabError }> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof AttentionLabError && problems.has(error.code))
      return { tokenizerProblem: error };
    throw error;
  }
}
const problems: ReadonlySet<ErrorCode> = new Set([
  'bad_checkpoint',
  'unsupported_checkpoint',
  'file_missing',
]);

/** The table and the C++ model name the same parameters, or no weight would be where it is read. */
function checkComplete(model: CoreModel, loaded: readonly string[]): void {
  const names = new Set(loaded);
  const unset = [...model.parameterShapes().keys()].filter((name) => !names.delete(name));
  if (unset.length > 0 || names.size > 0) {
    fail(
      'internal',
      `parameters without a tensor: ${unset.join(', ') || 'none'}; tensors without one: ${[...names].join(', ') || 'none'}`,
    );
  }
}

class FolderReader implements FileSource {
  constructor(
    private readonly folder: Folder,
    readonly options: LoadOptions,
  ) {}

  async open(name: string, optional = false): Promise<FolderFile> {
    const file = await this.folder.open(name, this.options.signal, optional);
    if (!file) fail('file_missing', `${name}: not found in ${this.folder.name}`);
    return { ...file, name }; // errors and progress call a file as the folder's layout does
  }

  /** undefined where the folder lacks the file, be it that its server answers a page instead. */
  async openIfThere(name: string): Promise<FolderFile | undefined> {
    try {
      return await this.open(name, true);
    } catch (error) {
      if (error instanceof AttentionLabError && error.code === 'file_missing') return undefined;
      throw error;
    }
  }

  async text(name: string, largest: number): Promise<string> {
    return this.#textOf(await this.open(name), largest);
  }

  async textIfThere(name: string, largest = largestConfig): Promise<string | undefined> {
    const file = await this.openIfThere(name);
    return file && this.#textOf(file, largest);
  }

  async bytesIfThere(name: string, largest: number): Promise<Uint8Array | undefined> {
    const file = await this.openIfThere(name);
    return file && readBytes(file, largest, this.options.onProgress, this.options.signal);
  }

  #textOf(file: FolderFile, largest: number): Promise<string> {
    return readText(file, largest, this.options.onProgress, this.options.signal);
  }
}
