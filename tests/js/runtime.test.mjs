// createRuntime: where the wasm may come from, which variant is chosen, and what is said when it is no wasm.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { serveFiles } from './checkpoint.mjs';
import { assertError, assertRejects, assertWorks, tensor, variants } from './support.mjs';

const path = createRequire(import.meta.url).resolve('attention-lab/wasm/simd128.wasm');
const bytes = await readFile(path);
const html = '<!doctype html><title>page</title>';

describe('createRuntime', () => {
  test('auto takes relaxed where the engine has it', async () => {
    assert.equal((await createRuntime()).variant, variants.at(-1));
    assert.equal((await createRuntime({ variant: 'auto' })).variant, variants.at(-1));
  });

  test(
    'relaxed where the engine lacks it is an error that says so',
    { skip: variants.includes('relaxed') },
    () =>
      assertRejects(
        createRuntime({ variant: 'relaxed' }),
        'unsupported_engine',
        /no relaxed SIMD; ask for "simd128" or "auto"/,
      ),
  );

  test('the two variants agree', { skip: variants.length < 2 }, async () => {
    const q = tensor([16, 32]);
    const [a, b] = await Promise.all(
      variants.map(
        async (variant) => (await createRuntime({ variant })).attention({ q, k: q, v: q }).output,
      ),
    );
    a.data.forEach((value, index) => assert.ok(Math.abs(value - b.data[index]) < 1e-6));
  });

  test('wasm from bytes, a module, a path, a file: URL, a Response', async () => {
    const sources = [
      bytes,
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      await WebAssembly.compile(bytes),
      path,
      pathToFileURL(path),
      pathToFileURL(path).href,
      new Response(bytes, { headers: { 'Content-Type': 'application/wasm' } }),
      new Response(bytes),
    ];
    for (const wasm of sources) {
      const rt = await createRuntime({ wasm });
      assert.equal(rt.variant, 'simd128');
      assertWorks(rt);
    }
  });

  test(
    'relaxed.wasm in every form, completed by simd128.wasm beside it or of the package',
    { skip: variants.length < 2 },
    async () => {
      const relaxedPath = path.replace('simd128', 'relaxed');
      const relaxed = await readFile(relaxedPath);
      const server = await serveFiles({ 'w/relaxed.wasm': relaxed, 'w/simd128.wasm': bytes });
      const sources = [
        relaxed,
        await WebAssembly.compile(relaxed),
        relaxedPath,
        pathToFileURL(relaxedPath),
        new Response(relaxed),
        `${server.url}/w/relaxed.wasm?v=1`,
      ];
      try {
        for (const wasm of sources) {
          const rt = await createRuntime({ wasm });
          assert.equal(rt.variant, 'relaxed');
          assertWorks(rt);
        }
      } finally {
        await server.close();
      }
    },
  );

  test('wasm over HTTP, with the right and with a wrong MIME type', async () => {
    for (const type of [
      'application/wasm',
      'application/wasm; charset=x',
      'application/octet-stream',
      'text/plain',
      undefined,
    ]) {
      const answer = (_, response) => (
        response.writeHead(200, type ? { 'Content-Type': type } : {}).end(bytes),
        true
      );
      const server = await serveFiles({}, answer);
      assertWorks(await createRuntime({ wasm: `${server.url}/simd128.wasm` }));
      assertWorks(await createRuntime({ wasm: new URL(`${server.url}/simd128.wasm`) }));
      await server.close();
    }
  });

  test('an HTML page, a missing file and a broken file are named by their URL', async () => {
    const pages = {
      'page.wasm': [
        200,
        'text/html',
        html,
        /page\.wasm: expected a WebAssembly file \(00 61 73 6d\), found 3c 21 64 6f, the start of an HTML page/,
      ],
      'lying.wasm': [200, 'application/wasm', html, /lying\.wasm: /],
      'gone.wasm': [
        404,
        'text/plain',
        'no',
        /gone\.wasm: expected a WebAssembly file, got status 404/,
      ],
      'empty.wasm': [200, 'text/plain', '', /empty\.wasm: .* found an empty file/],
      'cut.wasm': [200, 'text/plain', bytes.subarray(0, 5000), /cut\.wasm: /],
    };
    const server = await serveFiles({}, (request, response) => {
      const [status, type, body] = pages[request.url.slice(1)];
      response.writeHead(status, { 'Content-Type': type }).end(body);
      return true;
    });
    for (const [name, [, , , message]] of Object.entries(pages)) {
      await assertRejects(createRuntime({ wasm: `${server.url}/${name}` }), 'wasm_load', message);
    }
    await server.close();
    await assertRejects(
      createRuntime({ wasm: `${server.url}/down.wasm` }),
      'wasm_load',
      /down\.wasm: /,
    );
    await assertRejects(
      createRuntime({ wasm: '/no/such.wasm' }),
      'wasm_load',
      /\/no\/such\.wasm: /,
    );
    await assertRejects(
      createRuntime({ wasm: Buffer.from(html) }),
      'wasm_load',
      /wasm: .*found 3c 21/,
    );
  });

  test('a module of someone else is refused', async () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await assertRejects(
      createRuntime({ wasm: empty }),
      'wasm_load',
      /not a module of this package/,
    );
    const foreign = Uint8Array.of(
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      1,
      4,
      1,
      0x60,
      0,
      0,
      2,
      7,
      1,
      1,
      0x65,
      1,
      0x66,
      0,
      0,
    );
    await assertRejects(createRuntime({ wasm: foreign }), 'wasm_load', /wasm: /);
  });

  test('a variant that the given wasm is not is refused', { skip: variants.length < 2 }, () =>
    assertRejects(
      createRuntime({ variant: 'relaxed', wasm: bytes }),
      'invalid_argument',
      /expected the variant "relaxed", got "simd128"/,
    ),
  );

  test('arguments', async () => {
    await assertRejects(
      createRuntime({ variant: 'avx' }),
      'invalid_argument',
      /variant: expected "auto" or "relaxed" or "simd128", got "avx"/,
    );
    await assertRejects(
      createRuntime({ wasm: 3 }),
      'invalid_argument',
      /wasm: expected a URL, Response/,
    );
    await assertRejects(
      createRuntime({ signal: 3 }),
      'invalid_argument',
      /signal: expected an AbortSignal, got 3/,
    );
    await assertRejects(
      createRuntime({ varaint: 'auto' }),
      'invalid_argument',
      /options\.varaint: unknown/,
    );
    await assertRejects(
      createRuntime('relaxed'),
      'invalid_argument',
      /options: expected an object, got "relaxed"/,
    );
  });

  test('abort: before, and while the wasm is on its way', async () => {
    await assertRejects(
      createRuntime({ signal: AbortSignal.abort() }),
      'aborted',
      /aborted by the caller/,
    );
    const controller = new AbortController();
    const server = await serveFiles({}, (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/wasm' }).write(bytes.subarray(0, 100));
      setTimeout(() => controller.abort(), 20);
      return true;
    });
    await assertRejects(
      createRuntime({ wasm: `${server.url}/slow.wasm`, signal: controller.signal }),
      'aborted',
      /aborted by the caller/,
    );
    await server.close();
  });

  test('runtimes are independent of each other', async () => {
    const [a, b] = [await createRuntime(), await createRuntime()];
    const layer = a.createAttention({ dModel: 4, numHeads: 1 });
    assert.deepEqual([a.liveHandles, b.liveHandles], [1, 0]);
    assert.ok(a.memoryBytes > 0 && b.memoryBytes > 0);
    layer.dispose();
    assertError(() => layer.parameters(), 'disposed', /AttentionLayer/);
  });

  test('nothing is loaded at import time', async () => {
    const source = await readFile(fileURLToPath(import.meta.resolve('attention-lab')), 'utf8');
    assert.doesNotMatch(source, /^await |[;}]await /m);
  });
});
