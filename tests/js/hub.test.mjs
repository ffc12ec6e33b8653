// Hub ids: the layout of addresses, the cache, interrupted downloads, and errors of a hub.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { checkpoint, config, container, tensorShapes, weights } from './checkpoint.mjs';
import { checkpointPath } from './golden.mjs';
import { serveHub } from './hub.mjs';
import { assertRejects } from './support.mjs';

const repo = 'org/tiny';
const filesOf = (name) =>
  Object.fromEntries(
    readdirSync(checkpointPath(name)).map((file) => [
      file,
      readFileSync(join(checkpointPath(name), file)),
    ]),
  );

describe('hub', () => {
  let rt;
  let hub;
  let cacheDir;
  before(async () => {
    rt = await createRuntime({ variant: 'simd128' });
  });
  after(() => assert.equal(rt.liveHandles, 0));
  beforeEach(async () => {
    cacheDir = mkdtempSync(join(tmpdir(), 'hub-'));
    hub = await serveHub({ [repo]: { main: checkpoint() } });
  });
  afterEach(async () => {
    await hub.close();
    rmSync(cacheDir, { recursive: true });
  });

  const options = (others) => ({ hub: hub.url, cacheDir, ...others });
  /** The parameters of what was loaded, with what was asked of the hub meanwhile. */
  async function load(others, id = repo) {
    hub.requests.length = 0;
    const model = await rt.loadModel(id, options(others));
    const parameters = model.parameters();
    model.dispose();
    return { parameters, requests: [...hub.requests] };
  }
  const ofFile = (requests, file) => requests.filter((request) => request.file === file);
  const large = () => {
    const shape = { ...config, vocab_size: 70_000 };
    return {
      'config.json': JSON.stringify(shape),
      'model.safetensors': container(weights(tensorShapes(shape))),
    };
  };

  test('loads, and the second time asks what changed but downloads nothing again', async () => {
    const first = await load();
    assert.deepEqual(
      first.requests.map(({ file }) => file),
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt', 'model.safetensors'],
    ); // of a BERT: none says how to generate
    assert.ok(
      first.requests.every(
        ({ revision, range, authorization }) => revision === 'main' && !range && !authorization,
      ),
    );
    const events = [];
    const second = await load({ onProgress: (event) => events.push(event) });
    assert.deepEqual(second.parameters, first.parameters);
    assert.deepEqual(
      second.requests.map(({ file }) => file),
      first.requests.map(({ file }) => file),
    );
    const size = checkpoint()['model.safetensors'].length;
    assert.deepEqual(events.at(-1), { file: 'model.safetensors', loaded: size, total: size });
    const [kept] = await rt.listCache({ cacheDir });
    assert.deepEqual(kept, {
      hub: hub.url,
      repo,
      revision: 'main',
      bytes: size + checkpoint()['config.json'].length,
      complete: true,
    });
  });

  test('a revision that is a commit is never asked for again; another revision is another model', async () => {
    const commit = 'a'.repeat(40);
    hub.repos[repo][commit] = checkpoint({ 'model.safetensors': container(weights(undefined, 5)) });
    const main = await load();
    const first = await load({ revision: commit });
    assert.notDeepEqual(first.parameters, main.parameters);
    const second = await load({ revision: commit });
    assert.deepEqual(second.parameters, first.parameters);
    assert.deepEqual(second.requests, []);
    await assertRejects(
      rt.loadModel(repo, options({ revision: 'v9' })),
      'file_missing',
      /config\.json: org\/tiny has no revision "v9"/,
    );
  });

  test('main that moved is downloaded anew, and the old version dropped', async () => {
    const before = await load();
    hub.repos[repo].main = checkpoint({ 'model.safetensors': container(weights(undefined, 8)) });
    const after = await load();
    assert.notDeepEqual(after.parameters, before.parameters);
    const versions = readdirSync(cacheDir, { recursive: true }).filter((name) =>
      /model\.safetensors[\\/]v\w+$/.test(name),
    );
    assert.equal(versions.length, 1);
    assert.deepEqual((await load()).parameters, after.parameters);
  });

  test('without a network, and from a hub in trouble, the cache serves', async () => {
    const first = await load();
    hub.fault = () => ({ status: 503 });
    assert.deepEqual((await load()).parameters, first.parameters);
    const { url } = hub;
    await hub.close();
    const model = await rt.loadModel(repo, options({ hub: url }));
    assert.deepEqual(model.parameters(), first.parameters);
    model.dispose();
    await assertRejects(
      rt.loadModel('org/other', options({ hub: url })),
      'network',
      /config\.json/,
    );
    hub = await serveHub({});
  });

  test('a connection that breaks goes on in the same load', async () => {
    hub.repos[repo].main = large();
    const whole = await load({ cacheDir: join(cacheDir, 'other') });
    hub.fault = ({ file, number }) =>
      file === 'model.safetensors' && number <= 3 ? { cut: 900_000 } : undefined;
    const { parameters, requests } = await load();
    assert.deepEqual(parameters, whole.parameters);
    assert.deepEqual(
      ofFile(requests, 'model.safetensors').map(({ range }) => range?.replace(/\d+/, 'N')),
      [undefined, 'bytes=N-', 'bytes=N-'],
    );
    assert.deepEqual((await load()).parameters, whole.parameters);
  });

  test('of a server without ranges it goes on all the same', async () => {
    hub.repos[repo].main = large();
    const whole = await load({ cacheDir: join(cacheDir, 'other') });
    hub.fault = ({ file, number }) =>
      file === 'model.safetensors'
        ? { ranges: false, ...(number === 1 && { cut: 900_000 }) }
        : undefined;
    assert.deepEqual((await load()).parameters, whole.parameters);
  });

  test('a load that was cancelled, or that the network ended, goes on in the next', async () => {
    hub.repos[repo].main = large();
    const whole = await load({ cacheDir: join(cacheDir, 'other') });
    const size = large()['model.safetensors'].length;
    for (const ranges of [true, false]) {
      await rt.clearCache({ cacheDir });
      const controller = new AbortController();
      hub.fault = ({ file }) =>
        file === 'model.safetensors' ? { cut: 700_000, stall: true } : undefined;
      const onProgress = ({ file, loaded }) =>
        file === 'model.safetensors' && loaded >= 600_000 && controller.abort();
      await assertRejects(
        rt.loadModel(repo, options({ onProgress, signal: controller.signal })),
        'aborted',
        /aborted/,
      );
      const [left] = await rt.listCache({ cacheDir });
      assert.equal(left.complete, false);
      hub.fault = ({ file }) => (file === 'model.safetensors' ? { ranges } : undefined);
      const { parameters, requests } = await load();
      assert.deepEqual(parameters, whole.parameters);
      const [request] = ofFile(requests, 'model.safetensors');
      const from = Number(/^bytes=(\d+)-$/.exec(request.range)?.[1]);
      assert.ok(from >= 500_000 && from <= 700_000, request.range);
      assert.equal(request.sent, ranges ? size - from : size);
    }
    await rt.clearCache({ cacheDir });
    hub.fault = ({ file }) => (file === 'model.safetensors' ? { cut: 0 } : undefined);
    await assertRejects(rt.loadModel(repo, options()), 'network', /model\.safetensors/);
    hub.requests.length = 0;
    hub.fault = ({ file, number }) =>
      file === 'model.safetensors'
        ? number === 1
          ? { cut: 800_000 }
          : { status: 503 }
        : undefined;
    await assertRejects(
      rt.loadModel(repo, options()),
      'network',
      /broke off after \d+ bytes \(.*503.*\); load it again to go on from there/,
    );
    assert.equal(rt.liveHandles, 0);
  });

  test('what was begun of another version is thrown away', async () => {
    hub.repos[repo].main = large();
    const begin = async () => {
      const controller = new AbortController();
      hub.fault = ({ file }) =>
        file === 'model.safetensors' ? { cut: 700_000, stall: true } : undefined;
      const onProgress = ({ file, loaded }) =>
        file === 'model.safetensors' && loaded >= 600_000 && controller.abort();
      await assertRejects(
        rt.loadModel(repo, options({ onProgress, signal: controller.signal })),
        'aborted',
        /aborted/,
      );
      hub.fault = () => undefined;
    };
    await begin();
    const other = container(weights(tensorShapes({ ...config, vocab_size: 70_000 }), 4));
    hub.repos[repo].main = { ...large(), 'model.safetensors': other };
    const fresh = await load({ cacheDir: join(cacheDir, 'other') });
    assert.deepEqual((await load()).parameters, fresh.parameters);
    // A version that changes in the middle of a load is no model.
    await rt.clearCache({ cacheDir });
    hub.fault = ({ file, range }) =>
      file === 'model.safetensors' ? (range ? { etag: '"other"' } : { cut: 700_000 }) : undefined;
    await assertRejects(rt.loadModel(repo, options()), 'network', /or another version/);
    hub.fault = ({ file }) => ({ commit: (file === 'config.json' ? 'a' : 'b').repeat(40) });
    await assertRejects(
      rt.loadModel(repo, options({ cacheDir: join(cacheDir, 'third') })),
      'network',
      /revision "main" changed on the hub while it was loaded/,
    );
  });

  test('without an ETag nothing is resumed, and what is loaded is right', async () => {
    hub.repos[repo].main = large();
    hub.fault = ({ file, number }) => ({
      etag: null,
      ...(file === 'model.safetensors' && number === 1 && { cut: 500_000 }),
    });
    await assertRejects(rt.loadModel(repo, options()), 'network', /model\.safetensors/);
    hub.fault = () => ({ etag: null });
    const { requests } = await load();
    assert.equal(ofFile(requests, 'model.safetensors')[0].range, undefined);
    await load();
  });

  test('redirects are followed', async () => {
    hub.fault = () => ({ redirect: true });
    const { parameters } = await load();
    hub.fault = () => undefined;
    assert.deepEqual((await load({ cacheDir: join(cacheDir, 'other') })).parameters, parameters);
  });

  test('a token goes to the hub and nowhere else', async () => {
    const { requests } = await load({ token: 'hf_secret' });
    assert.ok(requests.every(({ authorization }) => authorization === 'Bearer hf_secret'));
    for (const name of readdirSync(cacheDir, { recursive: true, withFileTypes: true })) {
      if (name.isFile())
        assert.ok(!readFileSync(join(name.parentPath, name.name)).includes('hf_secret'), name.name);
    }
  });

  test('a sharded model', async () => {
    hub.repos[repo].main = filesOf('llama_scaled');
    const { parameters } = await load();
    const model = await rt.loadModel(checkpointPath('llama_scaled'));
    assert.deepEqual(parameters, model.parameters());
    model.dispose();
    hub.fault = () => ({ status: 500 });
    assert.deepEqual((await load()).parameters, parameters);
  });

  test('what the hub refuses is said with what to do', async () => {
    const refused = [
      [
        { status: 401 },
        'network',
        /org\/tiny is private, gated or not there \(status 401\): check how org\/tiny is spelt, or pass the token/,
      ],
      [
        { status: 403, headers: { 'X-Error-Code': 'GatedRepo' } },
        'network',
        /org\/tiny is gated \(status 403\): accept its terms at http:.*org\/tiny/,
      ],
      [
        { status: 404, headers: { 'X-Error-Code': 'RepoNotFound' } },
        'file_missing',
        /the hub has no org\/tiny \(status 404\): check how/,
      ],
      [
        { status: 404 },
        'file_missing',
        /config\.json: not found in org\/tiny at revision "main" of http.*check how they are spelt/,
      ],
      [{ status: 418 }, 'network', /expected the file, got status 418/],
      [
        { status: 200, body: '<!doctype html><title>Sign in</title>' },
        'file_missing',
        /config\.json: expected the file, got an HTML page/,
      ],
    ];
    for (const [answer, code, message] of refused) {
      hub.fault = () => answer;
      await assertRejects(rt.loadModel(repo, options()), code, message);
    }
    await assertRejects(
      rt.loadModel(repo, options({ token: 'hf_secret' })),
      'file_missing',
      /^(?!.*hf_secret)/,
    );
    assert.deepEqual(await rt.listCache({ cacheDir }), []);
  });

  test('options that make no sense', async () => {
    const refused = [
      [repo, { hub: 'ftp://hub' }, /hub: expected an http or https address, got "ftp:\/\/hub"/],
      [repo, { hub: 3 }, /hub: expected an http or https address, got 3/],
      [repo, { revision: '../main' }, /revision: expected a branch, tag or commit/],
      [repo, { revision: 3 }, /revision: expected a string, got 3/],
      [repo, { token: 'two words' }, /^token: expected a string without spaces$/],
      [repo, { cacheDir: 3 }, /cacheDir: expected a string, got 3/],
      [repo, { revison: 'main' }, /options\.revison: unknown/],
      [
        './org/tiny',
        { revision: 'main' },
        /revision: expected a hub id 'org\/name' as source with it/,
      ],
    ];
    for (const [id, given, message] of refused)
      await assertRejects(
        rt.loadModel(id, { ...options(), ...given }),
        'invalid_argument',
        message,
      );
  });

  test('a folder of that name comes first, unless an option of the hub is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'here-'));
    const before = process.cwd();
    mkdirSync(join(folder, 'org/tiny'), { recursive: true });
    const local = checkpoint({ 'model.safetensors': container(weights(undefined, 3)) });
    for (const [name, content] of Object.entries(local))
      writeFileSync(join(folder, 'org/tiny', name), content);
    try {
      process.chdir(folder);
      const model = await rt.loadModel('org/tiny');
      const { parameters } = await load();
      assert.notDeepEqual(model.parameters(), parameters);
      model.dispose();
      assert.equal((await load()).requests.length > 0, true);
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });

  test('listing and clearing', async () => {
    hub.repos['org/second'] = { main: checkpoint() };
    await load();
    await load({}, 'org/second');
    assert.deepEqual((await rt.listCache({ cacheDir })).map(({ repo: name }) => name).sort(), [
      'org/second',
      'org/tiny',
    ]);
    await rt.clearCache({ cacheDir, repo });
    assert.deepEqual(
      (await rt.listCache({ cacheDir })).map(({ repo: name }) => name),
      ['org/second'],
    );
    await rt.clearCache({ cacheDir });
    assert.deepEqual(await rt.listCache({ cacheDir }), []);
    await assertRejects(
      rt.clearCache({ cacheDir, repository: repo }),
      'invalid_argument',
      /options\.repository: unknown/,
    );
  });

  test('a part that has gone is downloaded again', async () => {
    const first = await load();
    for (const name of readdirSync(cacheDir, { recursive: true }))
      if (/v\w+[\\/]0$/.test(name)) rmSync(join(cacheDir, name));
    const second = await load();
    assert.deepEqual(second.parameters, first.parameters);
  });

  test('bytes that are not those of the sha256 are fetched again, once, and never cached', async () => {
    const right = Buffer.from(hub.repos[repo].main['model.safetensors']);
    const { parameters } = await rt
      .loadModel(
        new Map(
          Object.entries(hub.repos[repo].main).map(([name, bytes]) => [
            name,
            new Uint8Array(Buffer.from(bytes)),
          ]),
        ),
      )
      .then((model) => {
        const parameters = model.parameters();
        model.dispose();
        return { parameters };
      });
    const etag = `"${createHash('sha256').update(right).digest('hex')}"`;
    const wrong = Buffer.from(right);
    wrong.writeFloatLE(3.25, wrong.length - 8);
    const cutHeader = Buffer.from(right);
    cutHeader[12] ^= 1;
    for (const body of [wrong, cutHeader]) {
      const answer = { status: 200, headers: { ETag: etag, 'Content-Length': body.length }, body };
      hub.fault = ({ file }) => (file === 'model.safetensors' ? answer : undefined);
      await assertRejects(
        load(),
        body === wrong ? 'network' : 'checkpoint_mismatch',
        body === wrong ? /sha256/ : /./,
      );
      hub.fault = () => undefined;
      assert.deepEqual((await load()).parameters, parameters);
      rmSync(cacheDir, { recursive: true });
      mkdirSync(cacheDir);
    }
    // Wrong the first time alone: the load that met it makes up for it.
    hub.fault = ({ file, number }) =>
      file === 'model.safetensors' && number === 1
        ? { status: 200, headers: { ETag: etag, 'Content-Length': wrong.length }, body: wrong }
        : undefined;
    assert.deepEqual((await load()).parameters, parameters);
  });

  test('a part that was edited on the disk is downloaded again', async () => {
    const first = await load();
    for (const name of readdirSync(cacheDir, { recursive: true }))
      if (/v\w+[\\/]0$/.test(name)) {
        const path = join(cacheDir, name);
        const bytes = readFileSync(path);
        bytes[bytes.length - 2] ^= 0x40;
        writeFileSync(path, bytes);
      }
    const second = await load();
    assert.deepEqual(second.parameters, first.parameters);
    assert.ok(
      second.requests.some(({ sent }) => sent > 0),
      'something was downloaded',
    );
    assert.deepEqual((await load({ revision: 'main' })).parameters, first.parameters);
  });

  test('places and names that no disk takes are refused in words', async () => {
    await assertRejects(
      rt.loadModel(`org/${'n'.repeat(5000)}`, options()),
      'invalid_argument',
      /hub/,
    );
    await assertRejects(load({ revision: 'a'.repeat(3000) }), 'invalid_argument', /revision/);
    await assertRejects(load({ cacheDir: 'a\0b' }), 'invalid_argument', /cacheDir/);
    await assertRejects(rt.listCache({ cacheDir: 'a\0b' }), 'invalid_argument', /cacheDir/);
    const file = join(cacheDir, 'file');
    writeFileSync(file, 'x');
    const { parameters } = await load();
    assert.deepEqual((await load({ cacheDir: file })).parameters, parameters, 'without a cache');
    assert.deepEqual(await rt.listCache({ cacheDir: file }), []);
    await rt.clearCache({ cacheDir: file, repo });
  });

  test('several loads at once, of one process and of another, end with the same model and a sound cache', async () => {
    hub.repos[repo].main = large();
    const worker = await createWorkerRuntime({ variant: 'simd128' });
    const loads = await Promise.all([
      rt.loadModel(repo, options()),
      rt.loadModel(repo, options()),
      worker.loadModel(repo, options()),
    ]);
    const [first, ...rest] = await Promise.all(
      loads.map((model) => model.parameter('embed.token.weight')),
    );
    for (const each of rest) assert.deepEqual(each, first);
    for (const model of loads) model.dispose();
    assert.equal((await worker.listCache({ cacheDir })).length, 1);
    await worker.clearCache({ cacheDir });
    worker.dispose();
    assert.deepEqual(await rt.listCache({ cacheDir }), []);
  });

  test('in a worker: progress and cancel', async () => {
    const worker = await createWorkerRuntime({ variant: 'simd128' });
    const events = [];
    const model = await worker.loadModel(
      repo,
      options({ onProgress: (event) => events.push(event.file) }),
    );
    assert.ok(events.includes('model.safetensors'));
    model.dispose();
    const controller = new AbortController();
    hub.fault = ({ file }) => (file === 'model.safetensors' ? { cut: 10, stall: true } : undefined);
    const loading = worker.loadModel(
      repo,
      options({ cacheDir: join(cacheDir, 'other'), signal: controller.signal }),
    );
    setTimeout(() => controller.abort(), 200);
    await assertRejects(loading, 'aborted', /aborted/);
    worker.dispose();
  });
});
