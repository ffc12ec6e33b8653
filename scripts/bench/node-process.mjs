// The process in which everything is measured in Node. Prints a line of JSON for every row and for the result.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { build } from 'esbuild';
import { kernelsBenchPath } from '../lib/cpp.mjs';
import { measure } from './measure.mjs';

const settings = JSON.parse(process.argv[2]);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const require = createRequire(import.meta.url);
const version = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version;

const { createRuntime } = await import(new URL('../../dist/node.js', import.meta.url));
const ort = await import(
  new URL('node_modules/onnxruntime-web/dist/ort.node.min.mjs', import.meta.url)
);
const tf = require('@tensorflow/tfjs-core');
const { setThreadsCount } = require('@tensorflow/tfjs-backend-wasm');
setThreadsCount(1);
// tfjs's file for Node leaves its gradients out. The modules that register them, in the same registry, need a bundler.
const { outputFiles } = await build({
  entryPoints: [
    fileURLToPath(
      new URL('node_modules/@tensorflow/tfjs-core/dist/register_all_gradients.js', import.meta.url),
    ),
  ],
  bundle: true,
  write: false,
  logLevel: 'error',
});
runInThisContext(outputFiles[0].text);

const result = await measure(
  {
    createRuntime,
    variant: settings.variant,
    kernelsModule: await WebAssembly.compile(readFileSync(kernelsBenchPath(settings.variant))),
    ort,
    tf,
    versions: { ort: version('onnxruntime-web'), tf: version('@tensorflow/tfjs-backend-wasm') },
  },
  { ...settings, report: say },
);
say({ result: { ...result, engine: `Node ${process.version}, V8 ${process.versions.v8}` } });
process.exit(0); // onnxruntime-web leaves a handle open
