// npm run demo: sets up, builds and serves the page, and prints its address. Options: --port N, --no-open.
import { spawn } from 'node:child_process';
import { buildSteps, setUpSteps } from './lib/build-steps.mjs';
import { demoOptions } from './lib/options.mjs';
import { paths } from './lib/paths.mjs';
import { serve } from './lib/serve.mjs';
import { exitOnFailure, runSteps, StepFailed } from './lib/steps.mjs';

const preferredPort = 5180;

function openBrowser(url) {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[
    process.platform
  ] ?? ['xdg-open'];
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {}); // no browser here: the address is printed anyway
  child.unref();
}

/** On the port that was asked for; else on the usual one, or on any where that is taken. */
async function start(port) {
  try {
    return await serve(paths.page, { port: port ?? preferredPort });
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    if (port !== undefined) throw new StepFailed(`--port: ${port} is in use`);
    return serve(paths.page);
  }
}

/** npm passes no signal on: when it was ended, this process would serve for ever. */
function endWithNpm() {
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event && process.platform !== 'win32')
    setInterval(() => process.ppid !== parent && process.exit(), 500).unref();
}

await exitOnFailure(async () => {
  const { port, open } = demoOptions();
  endWithNpm();
  await runSteps([...setUpSteps, ...buildSteps]);
  const { url } = await start(port);
  console.log(`\nAttention Lab is at ${url}  (Ctrl+C ends it)`);
  if (open) openBrowser(url);
});
