// Where things lie: in the clone, and in the user's cache.
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[/\\]$/, '');
const { ATTENTION_LAB_CACHE, XDG_CACHE_HOME } = process.env;

export const paths = {
  root,
  build: join(root, 'build'),
  logs: join(root, 'build', 'log'),
  stamps: join(root, 'build', 'stamps'),
  dist: join(root, 'dist'),
  page: join(root, 'web', 'dist'),
  modules: join(root, 'node_modules'),
  /** Outside the clone, so that a second clone need not fetch the toolchain again. */
  cache: ATTENTION_LAB_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'attention-lab'),
};
