// A server that stands for a hub: folders in its URL layout, with what goes wrong on the way.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const etagOf = (bytes) => `"${createHash('sha256').update(bytes).digest('hex')}"`;
const commit = 'c0ffee'.padEnd(40, '0');

/**
 * Serves repos: { 'org/name': { 'main': { file: bytes } } }. `fault(request)` of { file, from, count, headers, number } may return
 * { status, headers, body, cut (bytes after which the connection breaks), stall, etag, ranges: false, redirect: true }.
 * Resolves to { url, requests, repos, close }; requests are { file, range, authorization, sent }.
 */
export async function serveHub(repos, fault = () => undefined) {
  const requests = [];
  const hub = { requests, repos, fault };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://hub');
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Range');
    response.setHeader(
      'Access-Control-Expose-Headers',
      'ETag, X-Repo-Commit, X-Error-Code, Content-Range',
    );
    if (request.method === 'OPTIONS') return response.end();
    const [, repo, revision, file] =
      /^\/(?:hub\/|cdn\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(
        decodeURIComponent(pathname),
      ) ?? [];
    const seen = {
      file,
      revision,
      range: request.headers.range,
      authorization: request.headers.authorization,
      sent: 0,
    };
    requests.push(seen);
    const files = hub.repos[repo]?.[revision];
    const bytes = files?.[file] === undefined ? undefined : Buffer.from(files[file]);
    const answer =
      hub.fault({ ...seen, repo, number: requests.filter((each) => each.file === file).length }) ??
      {};
    if (answer.redirect && !pathname.startsWith('/cdn/')) {
      return response.writeHead(302, { Location: `/cdn${pathname.replace('/hub', '')}` }).end();
    }
    if (answer.status)
      return response.writeHead(answer.status, answer.headers ?? {}).end(answer.body ?? '');
    if (!bytes) {
      const code = !hub.repos[repo]
        ? 'RepoNotFound'
        : !files
          ? 'RevisionNotFound'
          : 'EntryNotFound';
      return response
        .writeHead(code === 'RepoNotFound' ? 401 : 404, { 'X-Error-Code': code })
        .end(code);
    }
    const start =
      answer.ranges !== false && seen.range ? Number(/^bytes=(\d+)-$/.exec(seen.range)[1]) : 0;
    if (start > 0 && start >= bytes.length) return response.writeHead(416).end();
    const body = bytes.subarray(start);
    const headers = { 'Content-Length': body.length, 'X-Repo-Commit': answer.commit ?? commit };
    if (answer.etag !== null) headers.ETag = answer.etag ?? etagOf(bytes);
    if (start > 0) headers['Content-Range'] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(start > 0 ? 206 : 200, { ...headers, ...answer.headers });
    const end = answer.cut === undefined ? body.length : Math.min(answer.cut, body.length);
    seen.sent = end;
    response.write(body.subarray(0, end), () => {
      if (answer.stall) return;
      if (end < body.length) response.destroy();
      else response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub.url = `http://127.0.0.1:${server.address().port}/hub`;
  hub.close = () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
  return hub;
}
