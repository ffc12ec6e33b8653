// The sentences of the lesson who "it" refers to: their answers, what is held out, and the files that its training writes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRandom } from 'attention-lab';
import { loadLessons } from '../../scripts/lib/lessons.mjs';
import { assertClose } from './compare.mjs';
import { forEachVariant } from './support.mjs';

const {
  lessonOf,
  drawSentence,
  families,
  flipped,
  heldOutSentences,
  numberHeads,
  splitOf,
  tokenizerFiles,
} = await loadLessons();
const lesson = lessonOf('coreference');
const folder = new URL('../../web/public/models/coreference/', import.meta.url);

const draw = (seed, count, split = 'train', options) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawSentence(random, split, options));
};
const referring = new Set(['noun', 'pronoun', 'question']);

test('what is asked is hidden, and nothing else is', () => {
  for (const { family, words, answers, target } of draw(1, 3000)) {
    const text = words.join(' ');
    assert.ok(answers.has(target), text);
    words.forEach((word, at) => {
      if (word === '[MASK]') assert.ok(answers.has(at), text);
      else if (answers.has(at)) assert.match(word, /^(it|they|he|she)$/, text);
    });
    assert.ok(words.length <= 62 && families.concat('fragment').includes(family), text);
  }
});

test('the answer stands at the referent, not at its rival, and the targets are there', () => {
  const random = createRandom(2);
  for (let drawn = 0; drawn < 1000;) {
    const { words, family, answers, target, referent, rival } = drawSentence(random, 'train');
    if (!referring.has(family)) continue;
    drawn += 1;
    assert.equal(words[referent], answers.get(target), words.join(' '));
    assert.notEqual(referent, rival);
  }
  for (let i = 0; i < 300; ++i) {
    const { input, encoded } = lesson.example(random, true);
    const labels = encoded.example.labels.filter((id) => id !== -100);
    assert.equal(labels.length, 1, input);
    for (const { query, keys } of encoded.targets) {
      assert.deepEqual(
        keys.map((key) => encoded.keys[key]),
        [lesson.vocabulary[labels[0]]],
        input,
      );
      assert.notEqual(encoded.example.labels[query], -100);
    }
  }
});

test('one changed word makes the rival right', () => {
  const pairs = draw(3, 2000).filter(({ flip }) => flip);
  assert.ok(pairs.length > 300, `${pairs.length}`);
  for (const before of pairs) {
    const after = flipped(before);
    assert.equal(after.words.filter((word, at) => word !== before.words[at]).length, 1);
    assert.equal(
      after.answers.get(after.target),
      before.words[before.rival],
      after.words.join(' '),
    );
  }
});

test('the verb agrees with its subject, as far as the subject’s determiner tells', () => {
  const determiners = /^(the|a|an|my|his|her|our|this|that|these|those|some)$/;
  const telling = /^(a|an|this|that|these|those|some)$/;
  let told = 0;
  for (const { words, answers, target, referent } of draw(4, 2000, 'train', {
    family: 'agreement',
  })) {
    const text = words.join(' ');
    const between = words.slice(referent, target);
    const determiner =
      words.slice(Math.max(0, referent - 2), referent).findLast((word) => determiners.test(word)) ??
      '';
    if (!telling.test(determiner) && !between.includes('and')) continue;
    told += 1;
    const isPlural = between.includes('and') || /^(these|those|some)$/.test(determiner);
    assert.match(answers.get(target), isPlural ? /^(are|were|have)$/ : /^(is|was|has)$/, text);
  }
  assert.ok(told > 500, `${told}`);
});

test('a pair of nouns is held out or trained on, for ever; the page’s own pairs are held out', () => {
  for (const pair of [
    'animal street',
    'trophy suitcase',
    'suitcase trophy',
    'key cabinet',
    'anna mary',
    'dog cat',
    'stone window',
    'mouse cheese',
    'book table',
  ]) {
    assert.equal(splitOf(...pair.split(' ')), 'held-out', pair);
  }
  const nouns = lesson.vocabulary.slice(100, 200);
  const held = nouns
    .flatMap((a) => nouns.map((b) => splitOf(a, b)))
    .filter((split) => split === 'held-out').length;
  assert.ok(Math.abs(held / 10000 - 1 / 8) < 0.02, `${held} of 10000`);
  const asked = ({ words, referent, rival }) => [words[referent], words[rival]].sort().join(' ');
  const trained = new Set(
    draw(5, 4000)
      .filter(({ family }) => referring.has(family))
      .map(asked),
  );
  for (const pair of ['animal street', 'suitcase trophy', 'stone window'])
    assert.ok(!trained.has(pair), pair);
});

test('every family is drawn, and held-out sentences are always the same', () => {
  const drawn = heldOutSentences(20);
  assert.deepEqual([...drawn.keys()], families);
  assert.deepEqual(heldOutSentences(20), drawn);
  for (const [family, sentences] of drawn)
    assert.ok(
      sentences.every((sentence) => sentence.family === family && sentence.reasons.length <= 1),
    );
});

test('the checkpoint’s tokenizer is the one that training writes', () => {
  for (const [name, text] of tokenizerFiles)
    assert.equal(readFileSync(new URL(name, folder), 'utf8'), text, name);
});

forEachVariant('the lesson and its model', (lab) => {
  test('the tokenizer reads a sentence as the lesson does', async () => {
    const model = await lab.rt.loadModel(new URL('./', folder).pathname);
    for (const text of [
      ...lesson.samples,
      'The DRAGON didn’t cross the Street; it was, too, tired?!',
      'Café naïve 漢字b [MASK]x',
      ...draw(6, 100, 'held-out').map(({ words }) => words.join(' ')),
    ]) {
      assert.deepEqual(model.encode(text).ids, lesson.encode(text).example.inputIds, text);
    }
    model.dispose();
  });

  test('numbering the heads changes their order alone: heads that can write more come first', async () => {
    const model = lab.rt.createModel(lesson.config, { seed: 3 });
    const [l, h] = [1, 2];
    const name = `blocks.${l}.attn.out_proj.weight`;
    const { data, dims } = model.parameters().get(name);
    model.setParameter(name, {
      data: data.map((value, i) => (Math.floor((i % 64) / 16) === h ? 3 * value : value)),
      dims,
    });
    const { inputIds } = lesson.encode(lesson.samples[0]).example;
    const run = () => model.forward({ inputIds }, { outputAttentions: true });
    const before = run();
    numberHeads(model);
    const after = run();
    const head = ({ attentions }, at) =>
      attentions[l].data.slice(at * inputIds.length ** 2, (at + 1) * inputIds.length ** 2);
    assertClose(after.logits, before.logits, { absolute: 1e-5, relative: 1e-5 }, 'logits');
    assert.ok(head(after, 0).every((weight, i) => Math.abs(weight - head(before, h)[i]) < 1e-5));
    model.dispose();
  });
});
