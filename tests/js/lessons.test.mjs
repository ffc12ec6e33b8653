// The lessons' generators: the same for the same seed, with the right answers, and what is held out is never trained on.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRandom } from 'attention-lab';
import { loadLessons } from '../../scripts/lib/lessons.mjs';

const { lessons, lessonOf, InputProblem, ignored } = await loadLessons();

const draw = (lesson, seed, count, heldOut = false) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => lesson.example(random, heldOut));
};
const tokensOf = (lesson, ids) => ids.map((id) => lesson.vocabulary[id]);
const labelsOf = ({ example }) =>
  typeof example.labels === 'number' ? [example.labels] : example.labels;
/** The answers in their order, as one text. */
const answerOf = (lesson, encoded) =>
  tokensOf(
    lesson,
    labelsOf(encoded).filter((id) => id !== ignored),
  ).join('');

for (const lesson of lessons) {
  describe(lesson.id, () => {
    test('the same seed draws the same examples, another seed others', () => {
      assert.deepEqual(draw(lesson, 7, 20), draw(lesson, 7, 20));
      assert.notDeepEqual(draw(lesson, 7, 20), draw(lesson, 8, 20));
    });

    test('what is held out never occurs in training', () => {
      const count = lesson.kind === 'drawing' ? 100 : 2000;
      const key = ({ input }) =>
        lesson.kind === 'drawing'
          ? [...input.ink].join()
          : (lesson.correct(input) ?? '') + (lesson.id === 'dates' ? '' : input);
      const trained = new Set(draw(lesson, 1, count).map(key));
      const heldOut = draw(lesson, 2, count / 4, true).map(key);
      assert.ok(heldOut.every((content) => !trained.has(content)));
      assert.ok(new Set(heldOut).size > count / 16, 'they are not always the same');
    });

    test('examples fit the model, and their labels its answers', () => {
      for (const { encoded } of draw(lesson, 3, 200)) {
        const { inputIds, decoderInputIds, pixelValues } = encoded.example;
        const labels = labelsOf(encoded);
        for (const ids of [inputIds, decoderInputIds]) {
          if (ids)
            assert.ok(
              ids.length <= lesson.config.maxLen &&
                ids.every((id) => Number.isInteger(id) && id >= 0 && id < lesson.config.vocabSize),
            );
        }
        if (pixelValues) assert.ok(pixelValues.data.every((value) => value >= 0 && value <= 1));
        else assert.equal(labels.length, (decoderInputIds ?? inputIds).length);
        assert.ok(labels.some((label) => label !== ignored));
        assert.ok(
          labels.every(
            (label) => label === ignored || (label >= 0 && label < lesson.vocabulary.length),
          ),
        );
        for (const { query, keys } of encoded.targets) {
          assert.ok(query >= 0 && query < encoded.queries.length && keys.length > 0);
          assert.ok(keys.every((key) => key >= 0 && key < encoded.keys.length));
        }
      }
    });

    test('it says what it is in both languages', () => {
      for (const text of [lesson.title, lesson.task, lesson.lookFor]) {
        assert.ok(text.en.length > 2);
        assert.match(text.zh, /\p{Script=Han}/u);
      }
    });
  });
}

/** What the labels of an input must say, worked out another way. */
const oracles = {
  copy: (text) =>
    [...text]
      .map((letter, at) => (text.indexOf(letter) < at ? text[text.indexOf(letter) + 1] : ''))
      .join(''),
  sort: (text) =>
    `${[...text]
      .sort()
      .filter((letter, at, all) => letter !== all[at - 1])
      .join('')}.`,
  reverse: (text) => [...text.padEnd(12, '·')].reverse().join(''),
  brackets: (text) => [...text].map((_, at) => closes(text.slice(0, at + 1))).join(''),
  dates: (text) => `${isoDate(text)}$`,
};

/** What closes the innermost open bracket, by striking pairs out. */
function closes(text) {
  let open = text;
  while (/\(\)|\[\]|\{\}/.test(open)) open = open.replace(/\(\)|\[\]|\{\}/, '');
  return { '(': ')', '[': ']', '{': '}' }[open.at(-1)] ?? '.';
}

/** By JavaScript's own reading of dates. */
function isoDate(text) {
  const parts = /^(\d+)\.(\d+)\.(\d{4})$/.exec(text);
  const date = new Date(`${parts ? `${parts[2]}/${parts[1]}/${parts[3]}` : text} UTC`);
  return date.toISOString().slice(0, 10);
}

for (const [id, oracle] of Object.entries(oracles)) {
  describe(id, () => {
    const lesson = lessonOf(id);

    test('the labels are the right answers', () => {
      for (const { input, encoded } of [...draw(lesson, 4, 300), ...draw(lesson, 5, 50, true)]) {
        assert.equal(answerOf(lesson, encoded), oracle(input), input);
      }
    });

    test("a learner's own input is encoded as an example is", () => {
      for (const { input, encoded } of draw(lesson, 6, 50))
        assert.deepEqual(lesson.encode(input), encoded);
      for (const sample of lesson.samples)
        assert.equal(
          answerOf(lesson, lesson.encode(sample)),
          oracle(sample.replaceAll(' ', id === 'dates' ? ' ' : '')),
          sample,
        );
    });

    test('targets are where the answer is', () => {
      for (const { encoded } of draw(lesson, 9, 50)) {
        for (const { query, keys } of encoded.targets) {
          const answer = tokensOf(lesson, [labelsOf(encoded)[query]])[0];
          const seen = keys.map((key) => encoded.keys[key]);
          if (id === 'brackets') assert.deepEqual(seen.map(closes), [answer]);
          else if (id !== 'dates')
            assert.ok(
              seen.every((token) => token === answer),
              `${encoded.queries.join('')} ${query}`,
            );
        }
      }
    });

    test('an empty text and unknown characters are explained', () => {
      for (const text of ['', 'ß', '漢字', 'a'.repeat(99)]) {
        assert.throws(
          () => lesson.encode(text),
          (error) =>
            error instanceof InputProblem &&
            error.text.en.length > 5 &&
            /\p{Script=Han}/u.test(error.text.zh),
        );
      }
    });
  });
}

test('copy: what comes next, and how the model goes on', () => {
  const copy = lessonOf('copy');
  assert.equal(copy.correct('kqzk'), 'q');
  assert.equal(copy.correct('kqz'), undefined);
  assert.equal(copy.prompt('kqzk').maxNewTokens, 28);
});

test('sort and reverse: the whole answer', () => {
  assert.equal(lessonOf('sort').correct('banana'), 'abn');
  assert.equal(lessonOf('reverse').correct('Stressed'), 'desserts');
});

test('brackets: what closes all of them; a wrong one is named', () => {
  const brackets = lessonOf('brackets');
  assert.equal(brackets.correct('([{}'), '])');
  assert.equal(brackets.correct('()'), '');
  assert.throws(() => brackets.encode('(]'), /Place 2: “\]” does not close/);
  assert.throws(() => brackets.encode(')'), /Place 1/);
});

test('dates: every form, and only dates that exist', () => {
  const dates = lessonOf('dates');
  for (const text of [
    '5 mar 1999',
    '05 March 1999',
    'march 5, 1999',
    'mar 5 1999',
    '5.3.1999',
    '05.03.1999',
    '3/5/1999',
    '1999 mar 05',
  ]) {
    assert.equal(dates.correct(text), '1999-03-05', text);
  }
  assert.equal(dates.correct('29 feb 2024'), '2024-02-29');
  for (const text of [
    '29 feb 2023',
    '31 april 2000',
    '13/13/2000',
    '5 mar 1899',
    '5 mar 2100',
    '5 foo 2000',
    'tomorrow',
  ]) {
    assert.throws(() => dates.encode(text), /Type a date from 1900 to 2099/, text);
  }
});

test('dates: the cross-attention has to go to the part that is written', () => {
  const { targets, keys } = lessonOf('dates').encode('nov 3, 2026');
  const seen = targets.map(
    ({ query, keys: places }) => `${query}:${places.map((place) => keys[place]).join('')}`,
  );
  assert.deepEqual(seen, ['0:2', '1:0', '2:2', '3:6', '5:nov', '6:nov', '8:3', '9:3']);
});

test('digits: ten classes, ink where the strokes are, and a drawing of another size is refused', () => {
  const digits = lessonOf('digits');
  const drawn = draw(digits, 1, 300);
  assert.equal(new Set(drawn.map(({ encoded }) => encoded.example.labels)).size, 10);
  for (const { input } of drawn.slice(0, 50))
    assert.ok(input.ink.reduce((sum, value) => sum + value, 0) > 10);
  const { targets, example } = digits.encode({
    width: 24,
    height: 24,
    ink: new Float32Array(576).fill(1, 0, 4),
  });
  assert.deepEqual(targets, [{ query: 0, keys: [1] }]);
  assert.equal(example.labels, ignored);
  assert.throws(
    () => digits.encode({ width: 28, height: 28, ink: new Float32Array(784) }),
    InputProblem,
  );
});
