// Opening a checkpoint folder: what is shown is what the package computes; a broken one is explained and leaves the old model open.
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { eventually, pageTest, useLab } from './lab.mjs';
import { exported, predictions, text, tokens, weights } from './reading.mjs';
import { tokenizerFolder } from '../js/tokenizer-files.mjs';
import {
  assertSamePass,
  assertShown,
  loadModel,
  matrix,
  run,
  shippedFolder,
  words,
} from './expected.mjs';

const golden = join(paths.root, 'tests', 'golden', 'checkpoints');
const all = readdirSync(golden).map((name) => join(golden, name));
const hasTokenizer = (folder) => readdirSync(folder).includes('tokenizer.json');
/** Models of one text; what becomes of others model-kinds.test.mjs says. */
const readsText = (folder) =>
  !['marian', 'vit'].includes(JSON.parse(readFileSync(join(folder, 'config.json'))).model_type);

const temporary = mkdtempSync(join(tmpdir(), 'attention-lab-'));
after(() => rmSync(temporary, { recursive: true, force: true }));

/** With vocab.txt in place of tokenizer.json. */
function withVocabTxt() {
  const folder = join(temporary, 'bert_bare');
  mkdirSync(folder);
  for (const [name, bytes] of tokenizerFolder('bert_bare'))
    writeFileSync(join(folder, name), bytes);
  return folder;
}

const sound = [...all.filter(hasTokenizer), withVocabTxt(), shippedFolder];

/** A copy of a sound checkpoint, spoilt by `spoil`. */
function broken(name, spoil) {
  const folder = join(temporary, name);
  cpSync(join(golden, 'mlm_gelu'), folder, { recursive: true });
  spoil(folder);
  return folder;
}

const change = (folder, changes) => {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path)), ...changes }));
};
const html = '<!doctype html><title>Sign in</title><p>Please sign in.';
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:9c0c\nsize 105440\n';

/** What is wrong → how it came about, and what the message must name. */
const failures = {
  'a truncated model.safetensors': [
    (folder) => truncateSync(join(folder, 'model.safetensors'), 60_000),
    /model\.safetensors: .*105440.*60000/,
  ],
  'a model.safetensors of eight bytes': [
    (folder) => truncateSync(join(folder, 'model.safetensors'), 8),
    /model\.safetensors/,
  ],
  'an empty model.safetensors': [
    (folder) => truncateSync(join(folder, 'model.safetensors'), 0),
    /model\.safetensors/,
  ],
  'a Git LFS pointer': [
    (folder) => writeFileSync(join(folder, 'model.safetensors'), pointer),
    /model\.safetensors/,
  ],
  'weights of another shape': [
    (folder) => change(folder, { intermediate_size: 51 }),
    /weight.*expected \[51, 36\], got \[50, 36\]/s,
  ],
  'another number of layers': [(folder) => change(folder, { num_hidden_layers: 3 }), /layer\.2\./],
  'an unknown family': [
    (folder) => change(folder, { model_type: 'perceiver' }),
    /model_type.*perceiver/s,
  ],
  'heads that do not divide the width': [
    (folder) => change(folder, { num_attention_heads: 5 }),
    /num_attention_heads|hidden_size/,
  ],
  'no config.json': [(folder) => rmSync(join(folder, 'config.json')), /config\.json/],
  'no model.safetensors': [
    (folder) => rmSync(join(folder, 'model.safetensors')),
    /model\.safetensors/,
  ],
  'no tokenizer.json': [(folder) => rmSync(join(folder, 'tokenizer.json')), /tokenizer\.json/],
  'HTML instead of config.json': [
    (folder) => writeFileSync(join(folder, 'config.json'), html),
    /config\.json/,
  ],
  'HTML instead of tokenizer.json': [
    (folder) => writeFileSync(join(folder, 'tokenizer.json'), html),
    /tokenizer\.json/,
  ],
  'a config.json that is a list': [
    (folder) => writeFileSync(join(folder, 'config.json'), '[]'),
    /config\.json/,
  ],
};

const choose = (page, folder) => page.getByTestId('choose-folder').setInputFiles(folder);
const names = (page) => text(page, 'open-model');
const errorOf = (page) => page.getByTestId('checkpoint-error');

/** Typing changes words and weights, and they are what the model computes. */
async function assertFollows(page, model, sentence) {
  await page.getByRole('textbox', { name: 'Sentence', exact: true }).fill(sentence);
  await eventually(page, async () =>
    assert.deepEqual(await tokens(page), words(model, sentence).slice(0, model.config.maxLen)),
  );
  const { layer, head } = await shownHead(page);
  const masked = (query, key) => model.config.attention.causal && key > query;
  assertShown(
    await weights(page),
    matrix(run(model, sentence).attentions[layer], head),
    3,
    'weights',
    masked,
  );
}

async function shownHead(page) {
  const [layer, head] = /ayer (\d+), head (\d+)/
    .exec(await text(page, 'heatmap'))
    .slice(1)
    .map(Number);
  return { layer: layer - 1, head: head - 1 };
}

/** At full precision too, every layer and head, hidden state and logits. */
async function assertUsable(page, model, sentence) {
  await assertFollows(page, model, sentence);
  assertSamePass(await exported(page), run(model, sentence));
}

useLab();

for (const folder of sound) {
  pageTest(
    `${basename(folder)} opens through the folder dialogue and shows what the package computes`,
    {},
    async ({ page }) => {
      const model = await loadModel(folder);
      await choose(page, folder);
      await eventually(page, async () =>
        assert.match(await names(page), new RegExp(`${basename(folder)}.*Back`)),
      );
      assert.equal(await errorOf(page).count(), 0);
      await assertUsable(page, model, 'the dog [MASK] the cat .');
      await assertUsable(page, model, 'a small thing');
      if (!run(model, 'a').logits)
        assert.match(await text(page, 'prediction'), /gives vectors, not words/);
      await page.getByTestId('back-to-shipped').click();
      await eventually(page, async () => assert.match(await names(page), /coreference$/));
      await assertUsable(page, await loadModel(), 'the dog [MASK] the cat .');
    },
  );
}

pageTest(
  'a classifier shows its classes by name, and their probabilities',
  {},
  async ({ page }) => {
    const folder = join(golden, 'bert_classes');
    const model = await loadModel(folder);
    await choose(page, folder);
    await eventually(page, async () => assert.match(await names(page), /bert_classes.*Back/));
    await assertFollows(page, model, 'the dog');
    const expected = model.classify('the dog');
    const seen = await predictions(page);
    assert.deepEqual(
      [...seen.keys()],
      expected.map(({ label }) => label),
    );
    for (const { label, probability } of expected)
      assert.ok(Math.abs(seen.get(label).after - 100 * probability) <= 0.06, label);
  },
);

pageTest('the same files chosen one by one open too', {}, async ({ page }) => {
  const folder = join(golden, 'mlm_gelu');
  await page
    .getByTestId('choose-files')
    .setInputFiles(
      ['config.json', 'model.safetensors', 'tokenizer.json'].map((name) => join(folder, name)),
    );
  await page.getByTestId('back-to-shipped').waitFor();
  await assertUsable(page, await loadModel(folder), 'the dog [MASK] the cat .');
});

pageTest(
  'a broken folder is explained in words, and the old model stays usable',
  {},
  async ({ page }) => {
    const model = await loadModel();
    let round = 0;
    const cases = Object.entries(failures).map(([name, [spoil, message]]) => [
      name,
      broken(name, spoil),
      message,
    ]);
    for (const folder of all.filter((each) => readsText(each) && !hasTokenizer(each)))
      cases.push([basename(folder), folder, /tokenizer\.json: expected in the folder/]);
    for (const [name, folder, message] of cases) {
      await choose(page, folder);
      await eventually(page, async () =>
        assert.match(
          (await errorOf(page)
            .locator('code')
            .textContent()
            .catch(() => '')) ?? '',
          message,
          name,
        ),
      );
      const shown = await errorOf(page).innerText();
      assert.match(shown, /could not be opened.*still open/s, name);
      assert.match(shown, /What to do\. .{30}/s, name);
      assert.doesNotMatch(
        shown,
        /undefined|\[object|RangeError|TypeError|SyntaxError|abort/i,
        name,
      );
      assert.equal(await errorOf(page).getAttribute('role'), 'alert', name);
      assert.match(await names(page), /coreference$/, name);
      await assertFollows(page, model, `the dog saw ${'the cat '.repeat((round++ % 3) + 1)}.`);
    }
    await assertUsable(page, model, 'the dog [MASK] the cat .');
    await choose(page, join(golden, 'mlm_gelu'));
    await eventually(page, async () => assert.match(await names(page), /mlm_gelu/));
    assert.equal(
      await errorOf(page).count(),
      0,
      'a sound folder after them takes the message away',
    );
  },
);
