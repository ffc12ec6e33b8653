// Packs the built package and installs the tarball into an empty folder, offline, as a user would have it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program to its end; its output, or an error with all of it. */
export function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 120_000,
    ...options,
    env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', ...options.env },
  });
  if (error || status !== 0)
    throw new Error(
      `${program} ${args.join(' ')}: ${error ?? `status ${status}`}\n${stdout}${stderr}`,
    );
  return stdout;
}

export const node = (args, options) => run(process.execPath, args, options);

/** A program of the repository's own node_modules. */
export const tool = (path, args, options) =>
  node([join(root, 'node_modules', path), ...args], options);

const npm = (args, options) =>
  process.env.npm_execpath
    ? node([process.env.npm_execpath, ...args], options)
    : run('npm', args, { shell: process.platform === 'win32', ...options });

/** { folder, files, tarball, remove }: a project with the package installed; `files` are those of the tarball. */
export function installPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'attention-lab-installed-'));
  const quiet = {
    env: { npm_config_loglevel: 'error', npm_config_cache: join(folder, '.npm-cache') },
  };
  const [{ filename, files }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      ...quiet,
    }),
  );
  const tarball = join(folder, filename);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module' }),
  );
  npm(['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], {
    cwd: folder,
    ...quiet,
  });
  return {
    folder,
    tarball,
    files: files.map(({ path }) => path),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
