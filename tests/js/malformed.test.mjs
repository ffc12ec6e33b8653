// Files of a checkpoint, changed at random: whatever they say, loadModel gives a model or an error of ours, soon, and leaves nothing.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { AttentionLabError } from 'attention-lab';
import { assemble, checkpoint, config } from './checkpoint.mjs';
import { checkpointPath } from './golden.mjs';
import { tokenizerFolder } from './tokenizer-files.mjs';
import { assertWorks, forEachVariant, numbers } from './support.mjs';

const casesPerFile = 50;
/** Milliseconds that no single case may take. */
const soon = 2000;

/** What stands where something else is expected. */
const hostile = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e-300,
  1e300,
  2 ** 24,
  2 ** 31,
  2 ** 53,
  -(2 ** 31),
  '',
  '8',
  'NaN',
  '../x',
  'a'.repeat(5000),
  [],
  [[]],
  [null],
  [-1],
  [0, 0],
  {},
  { a: {} },
  [1, 2, 3, 4, 5],
  ['x'],
  { type: 'x' },
  '__proto__',
  'gelu',
  'bert',
  'llama',
];

/** How a file of this name is changed. */
const changes = [
  [/\.json$/, changedJson],
  [/\.txt$/, changedLines],
  [/\.(spm|model)$/, changedBytes],
  [/\.safetensors$/, changedSafetensors],
];

/** Seeded choices. */
class Choose {
  #next;

  constructor(seed) {
    this.#next = numbers(seed);
  }

  below(count) {
    return Math.min(count - 1, Math.floor(((this.#next() + 1) / 2) * count));
  }

  of(list) {
    return list[this.below(list.length)];
  }
}

/** Every place of a value: the object or array that holds it, and its key. */
function placesOf(value, places = []) {
  if (typeof value !== 'object' || value === null) return places;
  for (const key of Object.keys(value)) {
    places.push([value, key]);
    placesOf(value[key], places);
  }
  return places;
}

/** The same JSON with one or two changes of its values or keys. */
function otherValues(json, choose) {
  const changed = structuredClone(json);
  for (let changes = 1 + choose.below(2); changes > 0; --changes) {
    const places = placesOf(changed);
    if (places.length === 0) break;
    const [holder, key] = choose.of(places);
    const kind = choose.below(6);
    if (kind === 0) delete holder[key];
    else if (kind === 1) holder[`${key}_`] = holder[key];
    else if (kind === 2) {
      const [other, name] = choose.of(places);
      holder[key] = structuredClone(other[name]);
    } else if (kind === 3 && typeof holder[key] === 'number')
      holder[key] = choose.of([-holder[key], holder[key] + 1, holder[key] * 2, `${holder[key]}`]);
    else holder[key] = choose.of(hostile);
  }
  return changed;
}

/** The same text, cut, with a piece out of it or another in it. */
function otherText(text, choose) {
  const at = choose.below(text.length);
  switch (choose.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + choose.below(30));
    case 2:
      return (
        text.slice(0, at) +
        choose.of([
          '"',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '9',
          '-',
          'e',
          '\\',
          '\0',
          '\u{1F600}',
          '"a":1,',
          '[[[[',
        ]) +
        text.slice(at)
      );
    default:
      return text.slice(0, at) + text.slice(Math.max(0, at - 1 - choose.below(30)));
  }
}

function changedJson(bytes, choose) {
  const text = new TextDecoder().decode(bytes);
  return new TextEncoder().encode(
    choose.below(4) === 0
      ? otherText(text, choose)
      : JSON.stringify(otherValues(JSON.parse(text), choose)),
  );
}

function changedLines(bytes, choose) {
  const text = new TextDecoder().decode(bytes);
  if (choose.below(2) === 0) return new TextEncoder().encode(otherText(text, choose));
  const lines = text.split('\n');
  lines[choose.below(lines.length)] = choose.of([
    '',
    ' ',
    'a',
    'a b c',
    lines[0],
    lines.at(-2),
    '[UNK]',
    '\u00a0',
    '#version: 0.1',
    'x'.repeat(5000),
  ]);
  return new TextEncoder().encode(lines.join(choose.below(4) === 0 ? '\r\n' : '\n'));
}

/** Some bytes others, gone or twice, in the whole file or where its fields begin; numbers that are none, and lengths that no file has. */
function changedBytes(bytes, choose) {
  const at = choose.below(choose.of([bytes.length, Math.min(bytes.length, 200)]));
  const piece = choose.of([
    [],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0, 0, 0xc0, 0x7f],
    [0, 0, 0x80, 0xff],
    [0x80],
    [0x0a, 0],
    [0x0a, 0xff, 0x01],
    new Array(12).fill(0xff),
    [choose.below(256)],
  ]);
  const gone = choose.of([0, piece.length, 1, choose.below(bytes.length)]);
  return new Uint8Array([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at + gone)]);
}

/** The header changed as JSON, under a length that is right, or a wrong one. */
function changedSafetensors(bytes, choose) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = changedJson(bytes.subarray(8, 8 + length), choose);
  const lengths = [0n, 1n, 7n, BigInt(length) + 1n, BigInt(bytes.length), 10n ** 11n, 2n ** 63n];
  return new Uint8Array(
    assemble(
      new TextDecoder().decode(header),
      [bytes.subarray(8 + length)],
      choose.below(5) === 0 ? choose.of(lengths) : undefined,
    ),
  );
}

function golden(name) {
  const folder = checkpointPath(name);
  return new Map(
    readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(`${folder}/${file}`))]),
  );
}

/** What a caller does with a model next. */
function use(model) {
  const { image, encoder, vocabSize } = model.config;
  if (model.tokenizer) {
    model.decode(model.encode('>>de<< The cat, sat ☃ ﬁ').ids);
    model.targetTokenizer.encode('Die Katze');
  }
  if (image) {
    const pixels = { data: new Uint8ClampedArray(4 * 7 * 5).fill(90), width: 7, height: 5 };
    return model.forward({ pixelValues: model.preprocess(pixels) });
  }
  const inputIds = [1, 2, 1].map((id) => Math.min(id, vocabSize - 1));
  model.forward({ inputIds, ...(encoder && { decoderInputIds: [0, 0] }) });
  return model.config.lmHead && model.generate(inputIds, { maxNewTokens: 2 });
}

forEachVariant('malformed files', (lab) => {
  const ourErrorOr = async (run) => {
    const begin = performance.now();
    let outcome = 'success';
    try {
      await run();
    } catch (error) {
      assert.ok(error instanceof AttentionLabError, error.stack);
      assert.notEqual(error.code, 'internal', error.message);
      assert.ok(error.message.length < 20_000, `${error.message.length} characters`);
      outcome = error.code;
    }
    assert.ok(performance.now() - begin < soon, `${performance.now() - begin} ms`);
    return outcome;
  };

  const saved = () => {
    const model = lab.rt.createModel(
      { vocabSize: 7, dModel: 4, numLayers: 1, positions: 'alibi', attention: { numHeads: 2 } },
      { seed: 1 },
    );
    try {
      return model.save();
    } finally {
      model.dispose();
    }
  };
  const small = () =>
    new Map(
      Object.entries(checkpoint({ 'config.json': JSON.stringify(config) })).map(
        ([name, content]) => [name, new Uint8Array(Buffer.from(content))],
      ),
    );
  const sources = [
    ['BERT', small],
    ['its tokenizer', () => golden('mlm_gelu')],
    ['GPT-2', () => golden('gpt2_odd')],
    ['Llama in shards', () => golden('llama_scaled')],
    ['Longformer', () => golden('longformer_mlm')],
    ['Marian', () => golden('marian_shared')],
    ['ViT', () => golden('vit_classifier')],
    ['vocab.txt', () => tokenizerFolder('bert_accents')],
    ['vocab.json and merges.txt', () => tokenizerFolder('gpt2_added')],
    ['tokenizer.model', () => tokenizerFolder('llama_legacy')],
    ["Marian's tokenizers", () => tokenizerFolder('marian_bytes')],
    ["this package's own", saved],
  ];
  sources.forEach(([title, open], number) => {
    test(title, async (t) => {
      const files = open();
      const outcomes = new Map();
      for (const [name, bytes] of files) {
        const [, change] = changes.find(([pattern]) => pattern.test(name));
        for (let i = 0; i < casesPerFile; ++i) {
          const choose = new Choose(1000 * number + i);
          let changed;
          try {
            const outcome = await ourErrorOr(async () => {
              changed = change(bytes, choose);
              const model = await lab.rt.loadModel(new Map(files).set(name, changed));
              try {
                use(model);
              } finally {
                model.dispose();
              }
            });
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          } catch (error) {
            throw new Error(
              `${name}, case ${i}: ${error.message}\n${new TextDecoder().decode(changed?.subarray(0, 3000))}`,
              { cause: error },
            );
          }
          assert.equal(lab.rt.liveHandles, 0);
        }
      }
      t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
      assert.ok(outcomes.size > 2, `only ${[...outcomes.keys()].join(', ')} met`);
      assertWorks(lab.rt);
    });
  });
});
