// A private Debian 13 in the user's cache that carries Emscripten, for machines whose own Debian or Ubuntu is older.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall } from './apt.mjs';
import { paths } from './paths.mjs';
import { ask, run, which } from './run.mjs';
import { StepFailed } from './steps.mjs';

const directory = join(paths.cache, 'debian-13-emscripten');
const script = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The ways into the root, most direct first: see enter-root.sh. */
const ways = () => (process.getuid() === 0 ? ['root', 'user', 'copy'] : ['user']);

export const debianRootExists = () => existsSync(directory);

/** Makes the root unless it is there. Returns the command that runs its arguments inside, in the clone. */
export async function debianRoot() {
  if (!existsSync(directory)) {
    const needed = [
      'mmdebstrap',
      'debian-archive-keyring',
      ...(process.getuid() === 0 ? [] : ['uidmap']),
    ];
    if (!which('mmdebstrap') || needed.length > 2)
      await aptInstall(needed, 'mmdebstrap makes a private Debian for Emscripten');
    mkdirSync(paths.cache, { recursive: true });
    await run(['sh', script('make-root.sh'), directory], { log: 'debian-root' });
  }
  const way = ways().find(
    (name) => ask('sh', script('enter-root.sh'), name, directory, paths.root, 'true') !== undefined,
  );
  if (!way)
    throw new StepFailed(
      `${directory}: cannot be entered: neither mount nor user namespaces are allowed here. ` +
        'Install Emscripten 3.1.69 or newer yourself (https://emscripten.org/docs/getting_started/downloads.html) and put em++ on the PATH.',
    );
  return ['sh', script('enter-root.sh'), way, directory, paths.root];
}
