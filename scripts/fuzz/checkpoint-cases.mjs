// One checkpoint per case: a golden one with its files changed at random, loaded and, where it loads, used.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as lab from 'attention-lab';
import { paths } from '../lib/paths.mjs';
import { placesOf } from './choose.mjs';
import { sameBits, wrongError } from './outcome.mjs';

const folder = join(paths.root, 'tests', 'golden', 'checkpoints');
const names = readdirSync(folder);
const filesOf = (name) =>
  new Map(
    readdirSync(join(folder, name)).map((file) => [
      file,
      new Uint8Array(readFileSync(join(folder, name, file))),
    ]),
  );
const golden = new Map(names.map((name) => [name, filesOf(name)]));
const text = (bytes) => new TextDecoder().decode(bytes);
const bytesOf = (written) => new TextEncoder().encode(written);

/** What JSON can say where something else is expected. */
const values = [
  ...[null, true, false, 0, -1, 0.5, 1e-300, 1e300, 2 ** 20, 2 ** 24, 2 ** 31, 2 ** 53],
  ...['', 'x', '../x', 'gelu', 'a'.repeat(5000), '__proto__'],
  ...[[], [[]], [null], [-1], {}, { a: {} }, [1, 2, 3]],
];

function changedJson(bytes, choose) {
  let json;
  try {
    json = JSON.parse(text(bytes));
  } catch {
    return changedBytes(bytes, choose);
  }
  for (let k = 1 + choose.below(2); k > 0; --k) {
    const places = placesOf(json);
    if (places.length === 0) break;
    const [at, key] = choose.of(places);
    if (choose.chance(1, 5)) delete at[key];
    else if (choose.chance(1, 3) && typeof at[key] === 'number')
      at[key] = choose.of([at[key] + 1, at[key] - 1, -at[key], at[key] * 2 ** choose.below(30)]);
    else at[key] = structuredClone(choose.of(values));
  }
  const written = JSON.stringify(json);
  return bytesOf(
    choose.chance(1, 10)
      ? written.replace(/\d+/, choose.of(['NaN', 'Infinity', '-Infinity', '1e999', '[[[[', '00']))
      : written,
  );
}

function changedBytes(bytes, choose) {
  const copy = bytes.slice();
  for (let k = 1 + choose.below(4); k > 0 && copy.length > 0; --k)
    copy[choose.below(copy.length)] = choose.below(256);
  if (choose.chance(1, 5)) return copy.slice(0, choose.below(copy.length + 1));
  if (choose.chance(1, 8)) return new Uint8Array([...copy, ...copy.slice(0, choose.below(99))]);
  return copy;
}

/** The header as JSON, its length kept right or not. */
function changedSafetensors(bytes, choose) {
  if (bytes.length < 8 || choose.chance(1, 3)) return changedBytes(bytes, choose);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = changedJson(bytes.slice(8, 8 + length), choose);
  const start = new DataView(new ArrayBuffer(8));
  start.setBigUint64(
    0,
    choose.chance(1, 10) ? choose.of([0n, 1n, 2n ** 40n, 2n ** 64n - 1n]) : BigInt(header.length),
    true,
  );
  return new Uint8Array(
    Buffer.concat([new Uint8Array(start.buffer), header, bytes.slice(8 + length)]),
  );
}

function change(files, choose) {
  const file = choose.of([...files.keys()]);
  const bytes = files.get(file);
  if (choose.chance(1, 20)) return void files.delete(file);
  if (choose.chance(1, 20)) return void files.set(choose.of([...files.keys()]), bytes);
  const by = file.endsWith('.safetensors')
    ? changedSafetensors
    : file.endsWith('.json')
      ? changedJson
      : changedBytes;
  files.set(file, by(bytes, choose));
}

function use(model, choose) {
  const { config } = model;
  const ids = choose.ids(1 + choose.below(3), Math.min(config.vocabSize || 1, 10));
  const decoder = config.encoder ? { decoderInputIds: ids } : {};
  const inputs = config.image
    ? { pixelValues: choose.tensor([config.image.channels, ...config.image.size]) }
    : { inputIds: ids };
  const { lastHiddenState, attentions = [] } = model.forward(
    { ...inputs, ...decoder },
    { outputAttentions: true },
  );
  if (lastHiddenState.data.length === 0 || attentions.some(({ data }) => data.length === 0))
    throw new Error('an empty result');
  if (model.tokenizer) model.encode('the cat sat on the mat. 日本 é');
  if (config.lmHead && !config.encoder) model.generate(ids, { maxNewTokens: 2 });
}

export async function open() {
  const rt = await lab.createRuntime({ variant: 'simd128' });
  const good = async () => {
    const model = await rt.loadModel(golden.get('mlm_gelu'));
    const { data } = model.forward({ inputIds: [1, 2, 3] }).logits;
    model.dispose();
    return data;
  };
  const expected = await good();
  return {
    async run(choose) {
      const files = new Map(golden.get(choose.of(names)));
      for (let k = 1 + choose.below(2); k > 0; --k) if (files.size > 0) change(files, choose);
      let model;
      try {
        model = await rt.loadModel(files);
        use(model, choose);
      } catch (error) {
        return wrongError(error, lab);
      } finally {
        model?.dispose();
      }
    },
    async check() {
      if (!sameBits(await good(), expected)) return 'a sound checkpoint gives other numbers';
      return rt.liveHandles === 0 ? undefined : `${rt.liveHandles} live handles`;
    },
  };
}
