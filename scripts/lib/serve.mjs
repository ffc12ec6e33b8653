// Serves a folder over HTTP as a careful host would: MIME types, compression, and a strict Content-Security-Policy.
import { createServer } from 'node:http';
import { readFile, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { extname, join, normalize, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { contentSecurityPolicy } from './policy.mjs';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.safetensors': 'application/octet-stream',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const incompressible = new Set(['.png', '.woff2']);

const encoders = {
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (bytes) => gzipSync(bytes),
};

/**
 * Serves `folder` on `host`:`port` (0: any free one). Resolves to { url, close }.
 * `onSent({ path, bytes, raw })` hears of every file: its bytes as sent, and before compression.
 * `headers` are added to each answer, in place of the host's own of those names; undefined leaves one out.
 */
export async function serve(
  folder,
  { port = 0, host = '127.0.0.1', onSent = () => {}, headers = {} } = {},
) {
  const compressed = new Map(); // etag and encoding → bytes
  const server = createServer(async (request, response) => {
    try {
      await answer({ folder, compressed, onSent, others: headers }, request, response);
    } catch (error) {
      const status =
        error instanceof URIError ? 400 : ['ENOENT', 'ENOTDIR'].includes(error.code) ? 404 : 500;
      response.writeHead(status, { 'Content-Type': 'text/plain' });
      response.end(`${error.code ?? error.message}\n`);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${server.address().port}/`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

async function answer({ folder, compressed, onSent, others }, request, response) {
  if (!['GET', 'HEAD'].includes(request.method))
    return response.writeHead(405, { Allow: 'GET, HEAD' }).end();
  const { pathname } = new URL(request.url, 'http://localhost');
  let path = join(folder, normalize(decodeURIComponent(pathname)));
  if (path !== folder && !path.startsWith(folder + sep)) return response.writeHead(403).end();
  if ((await stat(path)).isDirectory()) path = join(path, 'index.html');
  const bytes = await readFile(path);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  const headers = {
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Content-Security-Policy': contentSecurityPolicy,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
    ETag: etag,
    Vary: 'Accept-Encoding',
    ...others,
  };
  for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name];
  if (request.headers['if-none-match'] === etag) return response.writeHead(304, headers).end();
  let body = bytes;
  const accepted = request.headers['accept-encoding'] ?? '';
  const encoding = incompressible.has(extname(path))
    ? undefined
    : Object.keys(encoders).find((name) => accepted.includes(name));
  if (encoding) {
    const key = etag + encoding;
    if (!compressed.has(key)) compressed.set(key, encoders[encoding](bytes));
    body = compressed.get(key);
    headers['Content-Encoding'] = encoding;
  }
  response.writeHead(200, { ...headers, 'Content-Length': body.length });
  if (request.method === 'HEAD') return response.end();
  onSent({ path: pathname, bytes: body.length, raw: bytes.length });
  response.end(body);
}
