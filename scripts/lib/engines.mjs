// Firefox, WebKitGTK and a newer Node for the tests in tests/engines: found or installed, where there is Debian's apt.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, hasApt } from './apt.mjs';
import { installPackages } from './packages.mjs';
import { paths } from './paths.mjs';
import { which } from './run.mjs';

export const enginesFolder = join(paths.root, 'tests', 'engines');

/** Debian's packages of them are for x86-64, as is the Node: elsewhere their tests are skipped. */
export const hasEngines = () => hasApt() && process.arch === 'x64';

export async function installEngines() {
  if (!hasEngines()) return 'skipped: needs Debian or Ubuntu on x86-64';
  await aptInstall(
    ['firefox-esr', 'webkit2gtk-driver', 'xvfb'],
    'the tests in other engines need Firefox and WebKitGTK',
  );
  return installPackages(enginesFolder);
}

export const firefox = () => which('firefox-esr');

/** { driver, browser }: WebKit's WebDriver, and the small browser that it drives. */
export function webkit() {
  const driver = which('WebKitWebDriver');
  const folder = '/usr/lib/x86_64-linux-gnu';
  const browser = readdirSync(folder)
    .filter((name) => name.startsWith('webkit2gtk-4'))
    .map((name) => join(folder, name, 'MiniBrowser'))
    .find(existsSync);
  return { driver, browser };
}
