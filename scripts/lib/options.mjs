// Reads --port N and --no-open, also where npm took them for its own (`npm run demo --port 8080 --no-open` without `--`).
import { parseArgs } from 'node:util';
import { StepFailed } from './steps.mjs';

export function demoOptions(argv = process.argv.slice(2), env = process.env) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      options: { port: { type: 'string' }, 'no-open': { type: 'boolean', default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new StepFailed(`${error.message}\nusage: npm run demo -- [--port N] [--no-open]`);
  }
  const { values, positionals } = parsed;
  // Of `--port 8080` npm keeps `--port` and passes 8080 on; of `--port=8080` it keeps both.
  const fromNpm = env.npm_config_port === 'true' ? positionals.shift() : env.npm_config_port;
  if (positionals.length)
    throw new StepFailed(
      `unknown argument: ${positionals.join(' ')}\nusage: npm run demo -- [--port N] [--no-open]`,
    );
  const text = values.port ?? fromNpm;
  const port = text === undefined ? undefined : Number(text);
  if (text !== undefined && !(/^\d+$/.test(text) && port < 65536))
    throw new StepFailed(`--port: expected a number from 0 to 65535, got ${text}`);
  return {
    port,
    open: !values['no-open'] && env.npm_config_open !== '' && env.npm_config_open !== 'false',
  };
}
