// A consumer's project: the packed package beside the tools of tests/consumers, a page, and a browser that opens it.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/lib/chromium.mjs';
import { serve } from '../../scripts/lib/serve.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const tools = join(here, 'node_modules');
const projects = join(here, 'projects');
export const checkpoint = join(root, 'web/public/models/coreference');

export const page = (script) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>consumer</title><link rel="icon" href="data:,">${script}</head><body></body></html>`;
export const main = `import { probe } from './probe.js';
probe(new URL('coreference', document.baseURI).href).then((result) => (globalThis.result = result));
`;

/**
 * A folder with the package in its node_modules and `files`, name → text. It lies beside the tools of tests/consumers, which it
 * finds as a package of a workspace would: links to them would load some of them twice.
 */
export function createProject(installed, files = {}) {
  mkdirSync(projects, { recursive: true });
  const folder = mkdtempSync(join(projects, 'project-'));
  const modules = join(folder, 'node_modules');
  cpSync(join(installed.folder, 'node_modules/attention-lab'), join(modules, 'attention-lab'), {
    recursive: true,
  });
  cpSync(join(here, 'probe.js'), join(folder, 'probe.js'));
  const all = { 'package.json': '{ "private": true, "type": "module" }', ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const openBrowser = async (more = []) =>
  chromium.launch({
    executablePath: await findChromium(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', ...more],
  });

/** globalThis.result of a page, as soon as there is one. */
export async function resultAt(browser, url) {
  const tab = await browser.newPage();
  try {
    await tab.goto(url);
    const result = await tab.waitForFunction(() => globalThis.result, undefined, {
      timeout: 30_000,
    });
    return await result.jsonValue();
  } finally {
    await tab.close();
  }
}

/** The same of a folder, served with the checkpoint beside it. */
export async function resultOf(browser, folder, { headers, path = '' } = {}) {
  cpSync(checkpoint, join(folder, 'coreference'), { recursive: true });
  const server = await serve(folder, { headers });
  try {
    return await resultAt(browser, server.url + path);
  } finally {
    await server.close();
  }
}
