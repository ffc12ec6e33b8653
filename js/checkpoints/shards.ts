// The weights of a checkpoint as one map of tensors: in model.safetensors, or in the shards that its index.json names.
import { fail } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import type { FolderFile, ReportProgress } from './folder.js';
import { parseObject } from '../core/json.js';
import { openSafetensors, type TensorInfo } from './safetensors.js';

const whole = 'model.safetensors';
const indexName = 'model.safetensors.index.json';

export interface Weights {
  /** As errors call where the tensors came from. */
  name: string;
  tensors: ReadonlyMap<string, TensorInfo>;
  /** Gives the wanted tensors one at a time, as f32. Once only. */
  read(wanted: ReadonlySet<string>): AsyncGenerator<[name: string, tensor: Tensor]>;
  close(): Promise<void>;
}

/** What this file needs of a folder. */
export interface WeightFolder {
  open(name: string): Promise<FolderFile>;
  openIfThere(name: string): Promise<FolderFile | undefined>;
  textIfThere(name: string): Promise<string | undefined>;
}

export async function openWeights(
  folder: WeightFolder,
  report: ReportProgress,
  signal: AbortSignal | undefined,
): Promise<Weights> {
  const single = await folder.openIfThere(whole);
  if (single) return { name: whole, ...(await openSafetensors(single, report, signal)) };
  const index = await folder.textIfThere(indexName);
  if (index === undefined) await refuseWithout(folder);
  const shards = readIndex(index!);
  const named = new Set([...shards.values()].flatMap((names) => [...names]));
  const tensors = new Map<string, TensorInfo>();
  const fileOf = new Map<string, string>();
  // Headers first, so that everything is known before a byte of memory is taken; then the shards again, one by one.
  for (const [file, expected] of shards) {
    const shard = await openSafetensors(await folder.open(file), undefined, signal);
    await shard.close();
    checkShard(file, expected, shard.tensors);
    for (const [name, info] of shard.tensors) {
      // A tensor that the index does not name is there all the same; one that it names elsewhere is there.
      if (!expected.has(name) && named.has(name)) continue;
      if (fileOf.has(name))
        fail(
          'bad_checkpoint',
          `${file}: ${name}: in ${fileOf.get(name)}, too, and ${indexName} names neither`,
        );
      fileOf.set(name, file);
      tensors.set(name, info);
    }
  }
  return {
    name: indexName,
    tensors,
    async *read(wanted) {
      for (const file of shards.keys()) {
        const shard = await openSafetensors(await folder.open(file), report, signal);
        const here = new Map([...shard.tensors].filter(([name]) => fileOf.get(name) === file));
        checkUnchanged(file, tensors, here);
        yield* shard.read(new Set([...wanted].filter((name) => here.has(name))));
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Weights in other formats, which a folder may have instead. */
const otherFormats = [
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'tf_model.h5',
  'flax_model.msgpack',
];

/** Says which file is missing, and what to do where the folder has the weights in another format. */
async function refuseWithout(folder: WeightFolder): Promise<never> {
  for (const name of otherFormats) {
    const other = await folder.openIfThere(name);
    if (!other) continue;
    await other.chunks()[Symbol.asyncIterator]().return?.();
    fail(
      'file_missing',
      `${whole}: not found, but ${name}, which this package does not read; in Python, ` +
        'AutoModel.from_pretrained(folder).save_pretrained(folder) writes safetensors',
    );
  }
  await folder.open(whole);
  fail('file_missing', `${whole}: not found`);
}

/** File → names of its tensors. */
function readIndex(text: string): Map<string, Set<string>> {
  const { weight_map: map } = parseObject(indexName, text);
  if (
    typeof map !== 'object' ||
    map === null ||
    Array.isArray(map) ||
    Object.keys(map).length === 0
  ) {
    fail(
      'bad_checkpoint',
      `${indexName}: weight_map: expected an object of tensor and file names, got ${show(map)}`,
    );
  }
  const shards = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(map)) {
    // A plain name: a path could lead out of the folder.
    if (typeof file !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(file)) {
      fail(
        'bad_checkpoint',
        `${indexName}: ${tensor}: expected the name of a .safetensors file in the folder, got ${show(file)}`,
      );
    }
    if (!shards.has(file)) shards.set(file, new Set());
    shards.get(file)!.add(tensor);
  }
  return shards;
}

function checkShard(
  file: string,
  expected: ReadonlySet<string>,
  found: ReadonlyMap<string, unknown>,
): void {
  for (const name of expected) {
    if (!found.has(name))
      fail('bad_checkpoint', `${file}: ${name}: missing, though ${indexName} names it`);
  }
}

/** A shard is opened twice; tensors of other dims would meet memory that was made for the first. */
function checkUnchanged(
  file: string,
  before: ReadonlyMap<string, TensorInfo>,
  now: ReadonlyMap<string, TensorInfo>,
): void {
  for (const [name, info] of now) {
    if (JSON.stringify(info) !== JSON.stringify(before.get(name)))
      fail('bad_checkpoint', `${file}: ${name}: changed while it was loaded`);
  }
}

function show(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 60);
}
