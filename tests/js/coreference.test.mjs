// The shipped model through the built package: its accuracy, the head that solves the task, and every example of the page.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forEachVariant } from './support.mjs';

const folder = fileURLToPath(new URL('../../web/public/models/coreference/', import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const golden = readJson(new URL('../golden/coreference/heldout.json', import.meta.url));
const { examples } = readJson(`${folder}examples.json`);
const evaluation = readJson(`${folder}evaluation.json`);
/** The golden values come from float64 and are rounded to six decimals. */
const tolerance = 5e-5;

const share = (flags) => flags.filter(Boolean).length / flags.length;
const isReferring = (sentence) => sentence.weight !== undefined;

/** One row of one head's pattern, out of `attentions`. */
function rowOf(attentions, at, { layer, head }) {
  const { data, dims } = attentions[layer]; // [1, H, T, T]
  const start = (head * dims[2] + at) * dims[3];
  return data.subarray(start, start + dims[3]);
}

/** What the model says at one position of a text: the most probable word, p(answer), and all patterns. */
function ask(model, { text, position, answer }, interventions = []) {
  const { ids, tokens } = model.encode(text);
  assert.ok(
    position > 0 && position < ids.length - 1,
    `${text}: expected the position of a word, got ${position}`,
  );
  const { logits, attentions } = model.forward(
    { inputIds: ids },
    { outputAttentions: true, interventions },
  );
  const vocabulary = logits.dims[2];
  const row = logits.data.subarray(position * vocabulary, (position + 1) * vocabulary);
  assert.ok(row.every(Number.isFinite), `${text}: a logit is not finite`);
  const best = row.indexOf(Math.max(...row));
  const total = row.reduce((sum, logit) => sum + Math.exp(logit - row[best]), 0);
  const probability = Math.exp(row[model.encode(answer).ids[1]] - row[best]) / total;
  const predicted = best === model.tokenizer.unkTokenId ? '[UNK]' : model.decode([best]);
  return { tokens, predicted, probability, attentions };
}

function assertClose(actual, expected, what) {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: expected ${expected}, got ${actual}`,
  );
}

test('the folder holds at most 400 KB', () => {
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(folder + name).size, 0);
  assert.ok(bytes <= 400_000, `expected at most 400000 bytes, got ${bytes}`);
});

test('the figures for the page are those of the golden sentences, within what their number allows', () => {
  assert.ok(
    golden.sentences.length >= 500,
    `expected at least 500 sentences, got ${golden.sentences.length}`,
  );
  for (const [family, { accuracy: stated }] of Object.entries(evaluation.details.families)) {
    const own = golden.sentences.filter((sentence) => sentence.family === family);
    const accuracy = share(own.map(({ predicted, answer }) => predicted === answer));
    const standardError = Math.sqrt((stated * (1 - stated)) / own.length);
    assert.ok(
      Math.abs(accuracy - stated) <= 4 * standardError,
      `${family}: evaluation.json says ${stated}, the sentences ${accuracy}`,
    );
  }
  const { layer, head } = evaluation.details.solver;
  assert.deepEqual([layer, head], [golden.layer, golden.head]);
});

forEachVariant('the model of the page', (lab) => {
  // A suite of its own: the model is disposed of before the runtime counts its live handles.
  describe('loaded once', () => {
    let model;
    let results; // one per golden sentence
    before(async () => {
      model = await lab.rt.loadModel(folder);
      results = golden.sentences.map((sentence) => {
        const asked = ask(model, sentence);
        return { sentence, ...asked, weights: rowOf(asked.attentions, sentence.position, golden) };
      });
    });
    after(() => model.dispose());

    test('every answer and its probability are PyTorch’s', () => {
      for (const { sentence, predicted, probability } of results) {
        assert.equal(predicted, sentence.predicted, sentence.text);
        assertClose(probability, sentence.probability, `${sentence.text}: p(${sentence.answer})`);
      }
    });

    test('at least 95 % of the held-out answers are right, in each family', () => {
      for (const family of new Set(golden.sentences.map((sentence) => sentence.family))) {
        const own = results.filter(({ sentence }) => sentence.family === family);
        const accuracy = share(own.map(({ sentence, predicted }) => predicted === sentence.answer));
        assert.ok(accuracy >= 0.95, `${family}: expected at least 0.95, got ${accuracy}`);
      }
    });

    test('one head gives the right noun at least 0.6 on average, and weights as in PyTorch', () => {
      const referring = results.filter(({ sentence }) => isReferring(sentence));
      for (const { sentence, weights } of referring)
        assertClose(
          weights[sentence.referent],
          sentence.weight,
          `${sentence.text}: weight on the right noun`,
        );
      const mean =
        referring.reduce((sum, { sentence, weights }) => sum + weights[sentence.referent], 0) /
        referring.length;
      assert.ok(mean >= 0.6, `mean weight: expected at least 0.6, got ${mean}`);
      const first = share(
        referring.map(
          ({ sentence, weights }) => weights[sentence.referent] > weights[sentence.rival],
        ),
      );
      assert.ok(
        first >= 0.95,
        `right noun before its rival: expected at least 0.95 of the sentences, got ${first}`,
      );
    });

    test('with that head switched off, most answers are wrong', () => {
      const off = [{ at: `blocks.${golden.layer}.attn.z`, head: golden.head, op: 'zero' }];
      const accuracy = share(
        golden.sentences.filter(isReferring).map((s) => ask(model, s, off).predicted === s.answer),
      );
      assert.ok(accuracy <= 0.5, `expected at most 0.5, got ${accuracy}`);
    });

    for (const example of examples) {
      test(`example ${example.id}: right before and after the one changed word, and its head attends where it says`, () => {
        const before = example.text.split(' ');
        const changed = example.change.text.split(' ').filter((word, i) => word !== before[i]);
        assert.deepEqual(changed, [example.change.to]);
        for (const { text, answer, key } of [example, example.change]) {
          const words = ['[CLS]', ...text.split(' '), '[SEP]'];
          const query = words.indexOf(example.query);
          const hidden = words.indexOf('[MASK]'); // a pronoun answers in its own place
          const asked = ask(model, { text, position: hidden < 0 ? query : hidden, answer });
          assert.equal(asked.predicted, answer, text);
          assert.equal(asked.tokens.length, words.length, `${text}: one token for each word`);
          const weights = rowOf(asked.attentions, query, example);
          const strongest = words[weights.indexOf(Math.max(...weights))];
          assert.equal(strongest, key, `${text}: where ${example.query} attends most`);
        }
      });
    }
  });
});
