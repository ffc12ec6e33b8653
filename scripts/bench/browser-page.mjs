// The page in which everything is measured in a browser: loads the contestants and waits to be told to begin.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setThreadsCount, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { measure } from './measure.mjs';

window.measureAll = async (settings) => {
  // As files beside this page, not in its bundle: both find their wasm by their own address.
  const [{ createRuntime }, ort] = await Promise.all([
    import('./dist/index.js'),
    import('./ort/ort.wasm.min.mjs'),
  ]);
  setWasmPaths('./tfjs/');
  setThreadsCount(1);
  return measure(
    {
      createRuntime,
      variant: settings.variant,
      kernelsModule: await WebAssembly.compileStreaming(fetch('./kernels.wasm')),
      ort,
      tf,
      versions: { ort: ort.env.versions.web, tf: version_wasm },
    },
    { ...settings, report: window.report },
  );
};
