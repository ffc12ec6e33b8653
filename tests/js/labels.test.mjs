// Heads with labels: what they give, what is read off them, loading without them, and training them.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { checkpointPath } from './golden.mjs';
import { assertError, assertRejects, forEachVariant } from './support.mjs';

const filesOf = (name) =>
  new Map(
    readdirSync(checkpointPath(name)).map((file) => [
      file,
      readFileSync(`${checkpointPath(name)}/${file}`),
    ]),
  );

const small = {
  vocabSize: 12,
  maxLen: 8,
  dModel: 8,
  numLayers: 1,
  positions: 'learned',
  attention: { numHeads: 2 },
};

forEachVariant('labels', (lab) => {
  const using = async (source, options, run) => {
    const model = await lab.rt.loadModel(source, options);
    try {
      return await run(model);
    } finally {
      model.dispose();
    }
  };
  const folder = (name, run, options) => using(checkpointPath(name), options, run);
  const trained = (config, batch, steps = 60) => {
    const model = lab.rt.createModel({ ...small, ...config }, { seed: 3 });
    const trainer = model.trainer({ lr: 0.02 });
    const first = trainer.step(batch).loss;
    for (let step = 1; step < steps; ++step) trainer.step(batch);
    const last = trainer.evaluate(batch);
    trainer.dispose();
    model.dispose();
    return { first, last };
  };

  test('classes have the names of id2label, the likeliest first, one list a text', () =>
    folder('bert_classes', (model) => {
      assert.deepEqual(model.labels, ['negative', 'neutral', 'positive']);
      assert.deepEqual(model.warnings, []);
      const one = model.classify('the cat');
      assert.deepEqual(new Set(one.map(({ label }) => label)), new Set(model.labels));
      assert.ok(
        one[0].probability >= one[1].probability && one[1].probability >= one[2].probability,
      );
      const sum = one.reduce((total, { probability }) => total + probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-6, `${sum}`);
      const [first, second] = model.classify(['the cat', 'Hello world, again'], { topK: 1 });
      assert.equal(first[0].label, one[0].label);
      assert.equal(second.length, 1);
      assertError(() => model.classify('the', { topK: 4 }), 'invalid_argument', /topK/);
      assertError(() => model.tags('the'), 'invalid_argument', /tags: .*labelsFor "token"/);
      assertError(
        () => model.answer({ question: 'who', context: 'the cat' }),
        'invalid_argument',
        /answer: .*labelsFor "span"/,
      );
    }));

  test('a number has no probability', () =>
    folder('roberta_number', (model) => {
      const [{ logit, probability }] = model.classify('the cat');
      assert.ok(Number.isFinite(logit));
      assert.equal(probability, undefined);
    }));

  test('a span has two logits for each token', () =>
    folder('bert_spans', (model) => {
      const { startLogits, endLogits, logits } = model.forward({ inputIds: [5, 6, 7] });
      assert.deepEqual(startLogits.dims, [1, 3]);
      assert.deepEqual(
        [...logits.data],
        [0, 1, 2].flatMap((t) => [startLogits.data[t], endLogits.data[t]]),
      );
    }));

  test('a long context is read in parts, and an answer stands where it says', () =>
    folder('bert_spans', (model) => {
      const context = 'the cat sat on the mat because it was tired. '.repeat(12).trim();
      const answers = model.answer({ question: 'the dog', context }, { topK: 5 });
      assert.equal(answers.length, 5);
      for (const { text, start, end } of answers) {
        assert.ok(end <= context.length);
        assert.equal(text, context.slice(start, end));
      }
      const words = answers.map(({ text }) => text.split(' ').length);
      assert.ok(Math.max(...words) <= 15, words.join());
    }));

  test('by Longformer a text’s first token is global, a question all through', async () => {
    await folder('longformer_classes', (model) => {
      const inputIds = [5, 6, 7, 8, 9, 10, 11];
      const globalAttentionMask = inputIds.map((_, t) => Number(t === 0));
      assert.deepEqual(
        model.forward({ inputIds }).logits,
        model.forward({ inputIds, globalAttentionMask }).logits,
      );
    });
  });

  for (const [name, body] of [
    ['bert_classes', 'BertModel'],
    ['bert_tags', 'BertModel'],
    ['distilbert_spans', 'DistilBertModel'],
    ['roberta_tags', 'RobertaModel'],
    ['mlm_gelu', 'BertModel'],
    ['roberta_mlm', 'RobertaModel'],
    ['gpt2_untied', 'GPT2Model'],
  ])
    test(`${name} without its head: the body (${body}), and the head is given back`, async () => {
      const input = { inputIds: [3, 4, 5] };
      const whole = await folder(name, (model) => model.forward(input));
      const saved = await folder(
        name,
        (model) => {
          assert.deepEqual(model.warnings, []);
          const { lastHiddenState, logits } = model.forward(input);
          assert.equal(logits, undefined);
          assert.deepEqual(lastHiddenState, whole.lastHiddenState);
          return model.save();
        },
        { head: 'none' },
      );
      const again = await using(saved, {}, (model) => model.forward(input));
      assert.deepEqual(again.logits, whole.logits);
    });

  test('head takes nothing but none, and no model of our own', async () => {
    await assertRejects(
      lab.rt.loadModel(checkpointPath('bert_classes'), { head: 'all' }),
      'invalid_argument',
      /head: expected "none", got "all"/,
    );
    const model = lab.rt.createModel({ ...small, norm: 'pre', numLabels: 2 }, { seed: 1 });
    const files = model.save();
    model.dispose();
    await assertRejects(
      lab.rt.loadModel(files, { head: 'none' }),
      'unsupported_checkpoint',
      /attention_lab/,
    );
  });

  test('a file’s pooler that a head does not read is kept', async () => {
    const files = filesOf('bert_tags');
    const saved = await using(files, {}, (model) => model.save());
    assert.deepEqual([...saved.keys()].sort(), [...files.keys()].sort());
  });

  const inputIds = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10, 11, 1],
  ];
  const learned = (config, labels, accuracy) => {
    const { first, last } = trained(config, { inputIds, labels });
    assert.ok(last.loss < first / 4, `${first} → ${last.loss}`);
    assert.ok(last.accuracy >= accuracy, `${last.accuracy}`);
  };
  const pooled = { numLabels: 3, pooler: true };
  test('classes, several labels, numbers, tags and spans are learned', () => {
    learned(pooled, [0, 2, 1], 1);
    const several = { ...pooled, problemType: 'multi_label_classification' };
    learned(several, [[1, 0, 1], [0, 0, 1], [1, 1, 0]], 1); // prettier-ignore
    learned({ numLabels: 1, pooler: true, problemType: 'regression' }, [0.5, -1, 2], 1);
    learned({ numLabels: 3, labelsFor: 'token' }, inputIds.map((row) => row.map((id) => id % 3)), 1); // prettier-ignore
    learned({ numLabels: 2, labelsFor: 'span' }, [[0, 1], [1, 3], [2, 2]], 1); // prettier-ignore
  });

  test('examples of every kind of label become a batch', () => {
    const batchOf = (config, examples) => {
      const model = lab.rt.createModel({ ...small, ...config }, { seed: 1 });
      const trainer = model.trainer({ lr: 0 });
      const batch = trainer.batchOf(examples);
      trainer.evaluate(batch);
      trainer.dispose();
      model.dispose();
      return batch.labels;
    };
    const [a, b] = [[1, 2, 3], [4]];
    const of = (...labels) => labels.map((each, i) => ({ inputIds: [a, b][i], labels: each }));
    assert.deepEqual(batchOf({ numLabels: 2 }, of(0, 1)), [0, 1]);
    assert.deepEqual(batchOf({ numLabels: 2, labelsFor: 'token' }, of([0, 1, 0], [1])), [
      [0, 1, 0],
      [1, -100, -100],
    ]);
    assert.deepEqual(batchOf({ numLabels: 2, labelsFor: 'span' }, of([0, 2], [0, 0])), [
      [0, 2],
      [0, 0],
    ]);
    const several = { numLabels: 3, problemType: 'multi_label_classification' };
    assert.deepEqual(batchOf(several, of([0, 1, 1], [1, 0, 0])), [
      [0, 1, 1],
      [1, 0, 0],
    ]);
  });

  const refused = [
    [{ numLabels: 3, labelsFor: 'span' }, /numLabels: expected 2 for spans/],
    [
      { numLabels: 3, labelsFor: 'token', problemType: 'regression' },
      /problemType: expected "single_label_classification" unless/,
    ],
  ];
  for (const [config, message] of refused)
    test(`refused: ${JSON.stringify(config)}`, () =>
      assertError(() => lab.rt.createModel({ ...small, ...config }), 'invalid_argument', message));

  const wrong = [
    [{ numLabels: 2, labelsFor: 'span' }, [[0, 4], [0, 1], [0, 1]], /labels\[0\]\[1\]: .*from 0 to 3/], // prettier-ignore
    [{ numLabels: 2, labelsFor: 'span' }, [0, 1, 1], /labels: expected \[3, 2\]/],
    [
      { numLabels: 2, problemType: 'multi_label_classification' },
      [[0, 2], [0, 1], [1, 1]], // prettier-ignore
      /labels\[1\]: expected a number from 0 to 1, got 2/,
    ],
    [
      { numLabels: 2, problemType: 'regression' },
      [1, 2, 3],
      /labels: expected \[3, 2\], got \[3\]/,
    ],
    [{ numLabels: 1, problemType: 'regression' }, [1, NaN, 3], /labels\[1\]: expected a number/],
  ];
  for (const [config, labels, message] of wrong)
    test(`wrong labels: ${JSON.stringify(labels)} of ${JSON.stringify(config)}`, () => {
      const model = lab.rt.createModel({ ...small, ...config }, { seed: 1 });
      const trainer = model.trainer({ lr: 0.1 });
      assert.throws(() => trainer.step({ inputIds, labels }), { message });
      trainer.dispose();
      model.dispose();
    });
});
