// The demo's server: the right types, a strict policy, nothing outside its folder.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serve } from '../../scripts/lib/serve.mjs';

let folder;
let server;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attention-lab-serve-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'a.wasm'), Buffer.alloc(4096, 7));
  server = await serve(folder);
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** fetch normalises "..", a raw request does not. */
const raw = (path) =>
  new Promise((resolve, reject) => {
    const { port } = new URL(server.url);
    request(
      { host: '127.0.0.1', port, path },
      (response) => (response.resume(), resolve(response.statusCode)),
    )
      .on('error', reject)
      .end();
  });

test('the page comes with a policy that forbids eval and third parties', async () => {
  const response = await fetch(server.url);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /default-src 'self'/);
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
  assert.match(await response.text(), /<title>page/);
});

test('wasm is application/wasm, compressed, and the same bytes', async () => {
  const response = await fetch(new URL('a.wasm', server.url), {
    headers: { 'Accept-Encoding': 'br' },
  });
  assert.equal(response.headers.get('content-type'), 'application/wasm');
  assert.equal(response.headers.get('content-encoding'), 'br');
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.alloc(4096, 7));
});

test('an unchanged file is not sent again', async () => {
  const etag = (await fetch(server.url)).headers.get('etag');
  assert.equal((await fetch(server.url, { headers: { 'If-None-Match': etag } })).status, 304);
});

test('what is missing or outside is not served', async () => {
  assert.equal(await raw('/missing.js'), 404);
  assert.equal(await raw('/%'), 400);
  for (const path of ['/../package.json', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd'])
    assert.ok([403, 404].includes(await raw(path)), path);
  assert.equal((await fetch(server.url, { method: 'POST' })).status, 405);
});
