// A few calls of the worker API per case, some spoilt, some aborted, some with callbacks that throw.
import * as lab from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { hostileValue, isPlain, placesOf, spoil } from './choose.mjs';
import { sameBits, small, wrongError } from './outcome.mjs';

const mine = () => {
  throw new TypeError('a caller of the fuzzer');
};
const callbacks = [undefined, () => {}, mine, async () => mine(), 3];

const calls = [
  ({ model }, choose) => [
    (...a) => model.forward(...a),
    [
      { inputIds: choose.ids(3, 20) },
      {
        outputAttentions: true,
        trace: ['blocks.0.attn.z'],
        interventions: [{ at: 'blocks.0.attn.z', head: 1, op: 'zero' }],
      },
    ],
  ],
  ({ model }, choose) => [
    (...a) => model.generate(...a),
    [
      choose.ids(2, 20),
      { maxNewTokens: 1 + choose.below(8), stopTokens: [], onToken: choose.of(callbacks) },
    ],
  ],
  ({ model }, choose) => [
    (...a) => model.sweep(...a),
    [
      {
        inputs: { inputIds: choose.ids(3, 20) },
        over: 'heads',
        op: 'zero',
        metric: { kind: 'norm' },
      },
      { onProgress: choose.of(callbacks) },
    ],
  ],
  ({ trainer }, choose) => [
    (...a) => trainer.step(...a),
    [{ inputIds: choose.ids(3, 20), labels: choose.ids(3, 20) }],
  ],
  ({ trainer }) => [() => trainer.snapshot().then((s) => trainer.restore(s)), [{}]],
  ({ model }, choose) => [
    (...a) => model.setParameter(...a),
    ['final_norm.weight', choose.tensor([8])],
  ],
  ({ model }) => [(...a) => model.save(...a), [{ dtype: 'f16' }]],
  ({ rt }, choose) => [
    (...a) => rt.createModel(...a).then((m) => m.dispose()),
    [structuredClone(small), { seed: choose.below(9) }],
  ],
  ({ rt }) => [
    (...a) => rt.createAttention(...a).then((l) => l.dispose()),
    [{ dModel: 8, numHeads: 2 }, { seed: 1 }],
  ],
  ({ rt }, choose) => [
    (...a) => rt.attention(...a),
    [
      { q: choose.tensor([3, 4]), k: choose.tensor([3, 4]), v: choose.tensor([3, 4]) },
      { causal: true },
    ],
  ],
  ({ rt }, choose) => [
    (...a) => rt.loadModel(...a),
    ['./tests/golden/checkpoints/mlm_gelu', { onProgress: choose.of(callbacks) }],
  ],
  ({ rt }, choose) => [(a) => rt.loadModel(a), [hostileValue(choose)]],
  ({ rt }) => [(...a) => rt.listCache(...a), [{ cacheDir: '/nowhere' }]],
];

export async function open() {
  const rt = await createWorkerRuntime({ variant: 'simd128' });
  const good = async () => {
    const model = await rt.createModel(small, { seed: 7 });
    const { logits } = await model.forward({ inputIds: [3, 1, 4] });
    model.dispose();
    return logits.data;
  };
  const expected = await good();
  const one = async (world, choose) => {
    const [call, args] = choose.of(calls)(world, choose);
    const controller = new AbortController();
    const last = args.at(-1);
    if (choose.chance(1, 4) && args.length > 1 && isPlain(last) && !Array.isArray(last))
      last.signal = controller.signal;
    const places = placesOf(args);
    if (choose.chance(1, 2)) spoil(args, places, choose, [() => world.model.dispose()]);
    if (choose.chance(1, 4)) setTimeout(() => controller.abort(), choose.below(5));
    try {
      const result = await call(...args);
      result?.dispose?.();
    } catch (error) {
      return wrongError(error, lab);
    }
  };
  return {
    async run(choose) {
      const model = await rt.createModel(small, { seed: 3 });
      const trainer = await model.trainer({ lr: 0.01 });
      const world = { rt, model, trainer };
      const wrong = await Promise.all(
        Array.from({ length: 1 + choose.below(3) }, () => one(world, choose)),
      );
      trainer.dispose();
      model.dispose();
      return wrong.find((each) => each !== undefined);
    },
    async check() {
      if (!sameBits(await good(), expected)) return 'a sound forward pass gives other numbers';
      await rt.ready(); // properties are as of the last reply
      const live = rt.liveHandles;
      return live === 0 ? undefined : `${live} live handles`;
    },
    close: () => rt.dispose(),
  };
}
