// npm keeps options for itself unless `--` comes first; the demo must understand both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demoOptions } from '../../scripts/lib/options.mjs';

test('options after --', () => {
  assert.deepEqual(demoOptions(['--port', '8123', '--no-open'], {}), { port: 8123, open: false });
  assert.deepEqual(demoOptions([], {}), { port: undefined, open: true });
});

test('options that npm took for its own', () => {
  assert.deepEqual(demoOptions(['8123'], { npm_config_port: 'true', npm_config_open: '' }), {
    port: 8123,
    open: false,
  });
  assert.deepEqual(demoOptions([], { npm_config_port: '8123' }), { port: 8123, open: true });
});

test('what cannot be meant is refused, by name', () => {
  for (const port of ['http', '70000', '-1', '1.5', ''])
    assert.throws(() => demoOptions([`--port=${port}`], {}), /--port: expected/);
  assert.throws(() => demoOptions(['--prot', '1'], {}), /--prot/);
  assert.throws(() => demoOptions(['stray'], {}), /stray/);
});
