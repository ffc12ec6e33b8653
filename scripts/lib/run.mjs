// Runs other programs: quietly, with a log and a line of progress; their output is shown when they fail.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from './paths.mjs';
import { progress, StepFailed } from './steps.mjs';

/** Runs `argv` in the clone and returns { code, output }. The output also goes to build/log/`log`.log. */
export function capture(argv, { log, env, cwd = paths.root } = {}) {
  mkdirSync(paths.logs, { recursive: true });
  const file = createWriteStream(join(paths.logs, `${log}.log`));
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    let lastLine = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        file.write(text);
        lastLine = text.trimEnd().split('\n').at(-1);
      });
    }
    const ticker = setInterval(() => progress(lastLine), 500);
    const close = () => (clearInterval(ticker), file.end());
    child.on('error', (error) => (close(), reject(new StepFailed(`${argv[0]}: ${error.message}`))));
    child.on(
      'close',
      (code, signal) => (close(), resolve({ code: code ?? `signal ${signal}`, output })),
    );
  });
}

/** Like capture, but a failure is an error that carries the output. */
export async function run(argv, options) {
  const { code, output } = await capture(argv, options);
  if (code !== 0)
    throw new StepFailed(`${output.trimEnd()}\n\n${argv.join(' ')}: failed (${code})`);
  return output;
}

/** The first line that a quick command prints, or undefined where it does not exist or fails. */
export function ask(...argv) {
  const { status, stdout } = spawnSync(argv[0], argv.slice(1), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** The path of a program, or undefined. */
export function which(name) {
  const found =
    process.platform === 'win32' ? ask('where', name) : ask('sh', '-c', `command -v ${name}`);
  return found?.split(/\r?\n/)[0];
}
