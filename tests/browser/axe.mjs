// axe-core in the page: what it finds serious.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../scripts/lib/paths.mjs';

const axe = readFileSync(join(paths.modules, 'axe-core', 'axe.min.js'), 'utf8');

/** Serious and critical violations. The debugger's evaluation is not bound by the page's policy. */
export async function violations(page) {
  await page.evaluate(`${axe}; undefined`);
  const { violations: found, passes } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations', 'passes'] }),
  );
  assert.ok(passes.length > 20, 'axe looked at something');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n${nodes
          .slice(0, 4)
          .map(({ html, failureSummary }) => `  ${html.slice(0, 160)}\n  ${failureSummary}`)
          .join('\n')}`,
    );
}
