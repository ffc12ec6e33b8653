// model.generate: against the logits of whole passes, sampling, text as it streams, and everything that it refuses.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { checkpointPath } from './golden.mjs';
import {
  assertError,
  assertRejects,
  assertWorks,
  forEachVariant,
  liveHandles,
} from './support.mjs';

const gpt2 = {
  vocabSize: 20,
  maxLen: 12,
  dModel: 12,
  numLayers: 2,
  positions: 'learned',
  norm: 'pre',
  finalNorm: true,
  lmHead: true,
  attention: { numHeads: 3, causal: true },
};
const llama = {
  ...gpt2,
  positions: 'rotary',
  normKind: 'rms',
  gated: true,
  activation: 'silu',
  tieEmbeddings: false,
  attention: { numHeads: 4, numKvHeads: 2, dHead: 4, causal: true, bias: false },
};

const alibi = { ...gpt2, positions: 'alibi' };
const t5Bias = { ...gpt2, positions: 't5_bias', t5Bias: { numBuckets: 4, maxDistance: 6 } };

function argmax(values) {
  return values.indexOf(Math.max(...values));
}

/** What greedy must give, from whole passes without a cache. */
function greedy(model, prompt, count) {
  const ids = [...prompt];
  while (ids.length < prompt.length + count) {
    const { data } = model.forward({ inputIds: ids }).logits;
    ids.push(argmax(data.subarray(data.length - model.config.vocabSize)));
  }
  return ids;
}

forEachVariant('generate', (lab) =>
  describe('of one model', () => {
    let model;
    before(() => {
      model = lab.rt.createModel(gpt2, { seed: 3 });
    });
    after(() => model.dispose());

    const withModel = (config, run) => {
      const other = lab.rt.createModel(config, { seed: 5 });
      try {
        return run(other);
      } finally {
        other.dispose();
      }
    };

    for (const [name, config] of Object.entries({ gpt2, llama, alibi, t5Bias })) {
      test(`${name}: greedy is the likeliest token of a whole pass, at every step`, () =>
        withModel(config, (made) => {
          const { ids, finish, ...rest } = made.generate([4, 1], { maxNewTokens: 9 });
          assert.deepEqual(ids, greedy(made, [4, 1], 9));
          assert.equal(finish, 'max_new_tokens');
          assert.deepEqual(rest, {}, 'no text without a tokenizer');
        }));
    }

    test('the prompt in each of its forms, and 20 tokens by default', () => {
      const { ids } = model.generate([4, 1], { maxNewTokens: 3 });
      assert.deepEqual(model.generate([[4, 1]], { maxNewTokens: 3 }).ids, ids);
      assert.deepEqual(
        model.generate({ data: Int32Array.of(4, 1), dims: [1, 2] }, { maxNewTokens: 3 }).ids,
        ids,
      );
      withModel({ ...gpt2, maxLen: 40 }, (long) => assert.equal(long.generate([1]).ids.length, 21));
    });

    test('it ends where the model has no more positions, after reading all of them', () => {
      const result = model.generate([4, 1], { maxNewTokens: 50 });
      assert.equal(result.finish, 'max_len');
      assert.equal(result.ids.length, 13);
      assert.equal(model.generate(Array(12).fill(3), { maxNewTokens: 50 }).ids.length, 13);
    });

    test('a stop token ends it and is part of the result', () => {
      const { ids } = model.generate([4, 1], { maxNewTokens: 8, temperature: 3, seed: 2 });
      const stop = ids[5];
      const first = ids.indexOf(stop, 2);
      const result = model.generate([4, 1], {
        maxNewTokens: 8,
        temperature: 3,
        seed: 2,
        stopTokens: [stop],
      });
      assert.deepEqual(result, { ids: ids.slice(0, first + 1), finish: 'stop_token' });
    });

    test('sampling: the same seed, the same tokens; top-k of 1 and a tiny top-p are greedy', () => {
      const run = (options) =>
        model.generate([4, 1], { maxNewTokens: 8, temperature: 2, ...options }).ids;
      assert.deepEqual(run({ seed: 1 }), run({ seed: 1 }));
      assert.notDeepEqual(run({ seed: 1 }), run({ seed: 2 }));
      assert.deepEqual(run({ seed: 1, topK: 1 }), greedy(model, [4, 1], 8));
      assert.deepEqual(run({ seed: 1, topP: 1e-6 }), greedy(model, [4, 1], 8));
    });

    test('top-k: only the likeliest come', () => {
      const { data } = model.forward({ inputIds: [4, 1] }).logits;
      const last = [...data.subarray(20)];
      const likeliest = [...last.keys()].sort((a, b) => last[b] - last[a]).slice(0, 3);
      const found = new Set();
      for (let seed = 0; seed < 100; ++seed) {
        found.add(
          model.generate([4, 1], { maxNewTokens: 1, temperature: 5, topK: 3, seed }).ids[2],
        );
      }
      assert.deepEqual([...found].sort(), likeliest.sort());
    });

    test('onToken is told every token; the pieces are the text', async () => {
      const trained = await lab.rt.loadModel(checkpointPath('gpt2_odd'));
      const prompt = trained.encode('the cat').ids;
      for (const temperature of [0, 1.5]) {
        const told = [];
        const pieces = [];
        const options = {
          maxNewTokens: 15,
          temperature,
          seed: 4,
          onToken: (id, text) => (told.push(id), pieces.push(text)),
        };
        const { ids, text } = trained.generate(prompt, options);
        assert.deepEqual(ids, [...prompt, ...told]);
        assert.equal(text, trained.decode(ids, { skipSpecialTokens: true }));
        assert.equal('the cat' + pieces.join(''), text);
      }
      trained.dispose();
    });

    test('the checkpoint says what ends a text, one id or several', async () => {
      const loaded = await lab.rt.loadModel(checkpointPath('llama_scaled'));
      assert.deepEqual(loaded.stopTokens, [43, 44]);
      loaded.dispose();
      assert.deepEqual(model.stopTokens, []);
    });

    test('a signal that fires between two tokens ends it; what onToken throws is the cause', () => {
      const controller = new AbortController();
      const seen = [];
      const onToken = (id) => {
        seen.push(id);
        if (seen.length === 2) controller.abort();
      };
      assertError(
        () => model.generate([4, 1], { signal: controller.signal, onToken }),
        'aborted',
        /generate: aborted/,
      );
      assert.equal(seen.length, 2);
      assertError(
        () => model.generate([4, 1], { signal: controller.signal }),
        'aborted',
        /generate/,
      );
      const mistake = new Error('mine');
      assert.throws(
        () =>
          model.generate([4], {
            onToken: () => {
              throw mistake;
            },
          }),
        (error) => error.code === 'callback_failed' && error.cause === mistake,
      );
      assert.equal(lab.rt.liveHandles, 1);
    });

    const wrong = [
      ['an empty prompt', [[]], /inputIds: expected a prompt of at least one token, got none/],
      [
        'a prompt that is too long',
        [Array(13).fill(1)],
        /inputIds: expected a prompt of at most maxLen 12 tokens, got 13/,
      ],
      ['two sequences', [[[1], [2]]], /inputIds: expected one sequence to continue, got 2/],
      ['an id out of range', [[20]], /inputIds\[0\]: expected an integer from 0 to 19, got 20/],
      ['no new token', [[1], { maxNewTokens: 0 }], /maxNewTokens: expected an integer .* got 0/],
      [
        'a negative temperature',
        [[1], { temperature: -1 }],
        /temperature: expected at least 0, got -1/,
      ],
      [
        'a temperature that is no number',
        [[1], { temperature: NaN }],
        /temperature: expected a finite number, got NaN/,
      ],
      ['a top-k of a half', [[1], { topK: 0.5 }], /topK: expected an integer/],
      ['a top-p of 0', [[1], { topP: 0 }], /topP: expected a number above 0, at most 1, got 0/],
      ['a top-p above 1', [[1], { topP: 1.5 }], /topP: .* got 1\.5/],
      ['a seed below 0', [[1], { seed: -1 }], /seed/],
      [
        'a stop token out of range',
        [[1], { stopTokens: [20] }],
        /stopTokens\[0\]: expected an integer from 0 to 19, got 20/,
      ],
      [
        'a stop token alone',
        [[1], { stopTokens: 3 }],
        /stopTokens: expected an array of ids, got 3/,
      ],
      [
        'an onToken that is no function',
        [[1], { onToken: 'log' }],
        /onToken: expected a function, got "log"/,
      ],
      ['an unknown option', [[1], { max_new_tokens: 3 }], /options\.max_new_tokens: unknown/],
    ];
    for (const [what, args, message] of wrong) {
      test(`refuses ${what}`, () => {
        assertError(() => model.generate(...args), 'invalid_argument', message);
        assert.equal(lab.rt.liveHandles, 1);
        assertWorks(lab.rt);
      });
    }

    test('refuses a model that is not causal, or has no head', () => {
      const message = /generate: expected a causal model with a language-model head/;
      withModel({ ...gpt2, lmHead: false }, (made) =>
        assertError(() => made.generate([1]), 'invalid_argument', message),
      );
      withModel({ ...gpt2, attention: { numHeads: 3 } }, (made) =>
        assertError(() => made.generate([1]), 'invalid_argument', message),
      );
    });

    test('logits of NaN give an error, and the model works again with sound weights', () =>
      withModel(gpt2, (made) => {
        const sound = made.parameter('final_norm.weight');
        made.setParameter('final_norm.weight', {
          data: new Float32Array(12).fill(Infinity),
          dims: [12],
        });
        assertError(
          () => made.generate([1]),
          'invalid_argument',
          /logits: expected finite numbers .* got NaN or infinity/,
        );
        made.setParameter('final_norm.weight', sound);
        assert.equal(made.generate([1], { maxNewTokens: 2 }).ids.length, 3);
        assert.equal(lab.rt.liveHandles, 2);
      }));

    test('a model that is gone', () => {
      const gone = lab.rt.createModel(gpt2);
      gone.dispose();
      assertError(() => gone.generate([1]), 'disposed', /Model: used after dispose/);
    });

    test('in a worker: the same tokens, streamed; an abort stops it; errors are ours', async () => {
      const worker = await createWorkerRuntime({ variant: lab.rt.variant });
      const remote = await worker.createModel(gpt2, { seed: 3 });
      const told = [];
      const options = { maxNewTokens: 8, temperature: 2, seed: 1 };
      const result = await remote.generate([4, 1], {
        ...options,
        onToken: (id, text) => told.push([id, text]),
      });
      assert.deepEqual(result, model.generate([4, 1], options));
      assert.deepEqual(
        told,
        result.ids.slice(2).map((id) => [id, '']),
      );
      await assertRejects(remote.generate([]), 'invalid_argument', /at least one token/);
      await assertRejects(
        remote.generate([1], { topKay: 1 }),
        'invalid_argument',
        /options\.topKay: unknown/,
      );

      const large = await worker.createModel({ ...gpt2, maxLen: 4096, dModel: 48 }, { seed: 1 });
      const controller = new AbortController();
      let count = 0;
      const endless = large.generate([1], {
        maxNewTokens: 4000,
        signal: controller.signal,
        onToken: () => ++count === 3 && controller.abort(),
      });
      await assertRejects(endless, 'aborted', /generate: aborted/);
      assert.equal(await liveHandles(worker), 2, 'the generation is gone');
      assert.ok(count < 4000);
      for (const made of [remote, large]) made.dispose();
      assert.equal(await liveHandles(worker), 0);
      worker.dispose();
    });
  }),
);
