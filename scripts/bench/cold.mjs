// From import to the first result of the toy encoder, each time in a new process: what a visitor waits for.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toyEncoder } from './cases.mjs';
import { randomFloats } from './random.mjs';
import { summary } from './statistics.mjs';

const script = fileURLToPath(new URL('cold-process.mjs', import.meta.url));

/** The toy encoder's graph with random weights, as a file. */
async function writeGraph(path) {
  const { encoderGraph } = await import('./graphs.mjs');
  const { dModel, dFf } = toyEncoder.shape;
  const dims = (name) => {
    const out = name.includes('fc1') ? dFf : dModel;
    return name.endsWith('bias') || name.includes('norm')
      ? [out]
      : [out, name.includes('fc2') ? dFf : dModel];
  };
  const parameter = (name) => ({
    data: randomFloats(
      dims(name).reduce((a, b) => a * b),
      1,
      0.1,
    ),
    dims: dims(name),
  });
  writeFileSync(path, encoderGraph(toyEncoder.shape, parameter));
}

export async function measureCold(node, variant, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'attention-lab-bench-'));
  const graph = join(folder, 'toy.onnx');
  await writeGraph(graph);
  const samples = { ours: [], onnxruntime: [] };
  for (let round = 0; round < rounds; round++)
    for (const who of Object.keys(samples)) {
      const { status, stdout, stderr } = spawnSync(node, [script, who, variant, graph], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${script} ${who}: ${stderr}`);
      samples[who].push(Number(stdout.trim().split('\n').at(-1)));
    }
  rmSync(folder, { recursive: true });
  const [ours, onnxruntime] = [summary(samples.ours), summary(samples.onnxruntime)];
  const value = onnxruntime.median / ours.median;
  const name = `cold, import to first result of the toy encoder: ${ours.median.toFixed(1)} ms, onnxruntime-web ${onnxruntime.median.toFixed(1)} ms`;
  return { name, times: { ours, onnxruntime }, value, unit: '× sooner', least: 5, met: value >= 5 };
}
