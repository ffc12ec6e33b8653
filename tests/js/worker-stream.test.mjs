// An async generator of the main API in a worker: value after value, until it ends, fails, is left or is aborted.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { paths } from '../../scripts/lib/paths.mjs';

/** Both ends of the wire in one thread, over a runtime without wasm that has such a method. */
const source = `
  import { Runtime } from './runtime.js';
  import { startWorkerRuntime } from './worker/client.js';
  import { serve } from './worker/server.js';

  export const ended = [];

  class Counting extends Runtime {
    async *count(upTo, options) {
      try {
        for (let number = 1; number <= upTo; ++number) {
          if (number === options?.failAt) throw new TypeError('a failure');
          yield { number, data: Float32Array.of(number) };
        }
        return 'done';
      } finally {
        ended.push(upTo);
      }
    }
  }

  export function start() {
    const { port1, port2 } = new MessageChannel();
    const end = (port) => ({
      post: (message, transfer) => port.postMessage(message, transfer),
      listen: (receive) => (port.onmessage = ({ data }) => receive(data)),
    });
    const native = { variant: () => 'simd128', memorySize: () => 0 };
    serve(end(port1), () => new Counting(native, { lazyParts: {} }));
    const close = () => port2.close();
    return startWorkerRuntime({ ...end(port2), onFailure() {}, hold() {}, terminate: close });
  }
`;

let ended;
let rt;
before(async () => {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: join(paths.root, 'js'), loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    plugins: [
      {
        name: 'no-wasm',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /\/glue\.js$/ }, () => ({ path: 'glue', namespace: 'glue' }));
          onLoad({ filter: /.*/, namespace: 'glue' }, () => ({ contents: 'export default null;' }));
        },
      },
    ],
  });
  const [{ contents }] = outputFiles;
  const module = await import(
    `data:text/javascript;base64,${Buffer.from(contents).toString('base64')}`
  );
  ended = module.ended;
  rt = await module.start();
});
after(() => rt.dispose());

test('gives the values in order, and the end', async () => {
  const numbers = [];
  for await (const { number, data } of rt.count(3)) {
    assert.deepEqual(data, Float32Array.of(number));
    numbers.push(number);
  }
  assert.deepEqual(numbers, [1, 2, 3]);
  const one = rt.count(1);
  await one.next();
  assert.deepEqual(await one.next(), { done: true, value: 'done' });
});

test('ends in the worker when the loop is left', async () => {
  for await (const { number } of rt.count(77)) if (number === 2) break;
  await rt.ready().catch(() => undefined);
  assert.ok(ended.includes(77));
});

test('an abort rejects the next value and ends it', async () => {
  const controller = new AbortController();
  const numbers = [];
  await assert.rejects(
    async () => {
      for await (const { number } of rt.count(88, { signal: controller.signal })) {
        numbers.push(number);
        if (number === 2) controller.abort();
      }
    },
    { code: 'aborted', message: 'count: aborted by the caller' },
  );
  assert.deepEqual(numbers, [1, 2]);
  await rt.ready().catch(() => undefined);
  assert.ok(ended.includes(88));
});

test('what it throws is thrown', async () => {
  const counting = rt.count(5, { failAt: 2 });
  await counting.next();
  await assert.rejects(counting.next(), { code: 'internal', message: 'a failure' });
  assert.deepEqual(await counting.next(), { done: true, value: undefined });
});
