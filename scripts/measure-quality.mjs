// node scripts/measure-quality.mjs FOLDER … [--dtype int8|f16]: how far checkpoints with narrower weights are from
// themselves in f32. Of an encoder the embeddings of 500 sentences, of a causal model the next words at 2,000 positions; of both
// the attention weights of some. Reads the repository's own prose. Needs the built package.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { paths } from './lib/paths.mjs';
import { exitOnFailure, StepFailed } from './lib/steps.mjs';

const wantedSentences = 500;
const wantedPositions = 2000;
const chunk = 250; // tokens of a causal model's pass
const attended = 20; // sentences whose attention weights are compared

function paragraphs() {
  const files = readdirSync(join(paths.root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort();
  return ['README.md', 'CONTRIBUTING.md', ...files.map((name) => join('docs', name))]
    .map((name) => readFileSync(join(paths.root, name), 'utf8').replace(/^```.*?^```/gms, ''))
    .flatMap((text) => text.split('\n\n'))
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => text && !/^[|#<]/.test(text));
}

/** Sentences, and beyond those there are, neighbours joined, so that all are different. */
function sentences() {
  const single = paragraphs()
    .flatMap((text) => text.split(/(?<=[.!?]) /))
    .filter(({ length }) => length > 20 && length < 200);
  const pairs = single.slice(1).map((text, i) => `${single[i]} ${text}`);
  return [...new Set([...single, ...pairs])].slice(0, wantedSentences);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const least = (values) => values.reduce((a, b) => Math.min(a, b));
const largest = (values) => values.reduce((a, b) => Math.max(a, b));

function cosine(a, b) {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

function compareEmbeddings(exact, narrow) {
  const texts = sentences();
  const cosines = texts.map((text) => cosine(exact.embed(text).data, narrow.embed(text).data));
  return {
    sentences: texts.length,
    'cosine, mean': mean(cosines).toFixed(5),
    'cosine, least': least(cosines).toFixed(5),
  };
}

function logSoftmax(logits) {
  const most = largest(logits);
  const sum = Math.log(logits.reduce((total, value) => total + Math.exp(value - most), 0)) + most;
  return logits.map((value) => value - sum);
}

function compareNextWords(exact, narrow) {
  const ids = exact.encode(paragraphs().join('\n\n')).ids.slice(0, wantedPositions);
  const vocabulary = exact.config.vocabSize;
  const divergences = [];
  let same = 0;
  for (let first = 0; first < ids.length; first += chunk) {
    const inputIds = [ids.slice(first, first + chunk)];
    const [p, q] = [exact, narrow].map((model) => model.forward({ inputIds }).logits.data);
    for (let row = 0; row < p.length; row += vocabulary) {
      const [a, b] = [p, q].map((logits) => logSoftmax(logits.subarray(row, row + vocabulary)));
      divergences.push(a.reduce((sum, value, i) => sum + Math.exp(value) * (value - b[i]), 0));
      same += a.indexOf(largest(a)) === b.indexOf(largest(b)) ? 1 : 0;
    }
  }
  return {
    positions: divergences.length,
    'top-1 agreement': `${((100 * same) / divergences.length).toFixed(2)} %`,
    'KL, mean': mean(divergences).toFixed(5),
    'KL, largest': largest(divergences).toFixed(3),
  };
}

/** Over all heads, layers, queries and keys. */
function compareAttentions(exact, narrow) {
  const differences = sentences()
    .slice(0, attended)
    .map((text) => {
      const [a, b] = [exact, narrow].map(
        (model) => model.forward(text, { outputAttentions: true }).attentions,
      );
      return a.map(({ data }, l) =>
        largest(data.map((value, i) => Math.abs(value - b[l].data[i]))),
      );
    });
  const all = differences.flat();
  return {
    'attention difference, largest': largest(all).toFixed(4),
    'of a layer and sentence, mean of the largest': mean(all).toFixed(4),
  };
}

await exitOnFailure(async () => {
  const { values, positionals } = parseArgs({
    options: { dtype: { type: 'string', default: 'int8' } },
    allowPositionals: true,
  });
  if (positionals.length === 0) throw new StepFailed('expected folders of checkpoints');
  const { createRuntime } = await import(new URL('../dist/node.js', import.meta.url));
  for (const folder of positionals) {
    const load = async (dtype) => {
      const runtime = await createRuntime();
      const model = await runtime.loadModel(folder, { dtype });
      return { runtime, model, bytes: runtime.memoryBytes };
    };
    const [exact, narrow] = [await load('f32'), await load(values.dtype)];
    const compare = exact.model.config.lmHead ? compareNextWords : compareEmbeddings;
    console.log(`${folder}: ${values.dtype} against f32, ${narrow.runtime.variant}`);
    const megabytes = [exact, narrow].map(({ bytes }) => `${(bytes / 1e6).toFixed(0)} MB`);
    const figures = {
      'wasm memory after loading, f32 and narrower': megabytes.join(' and '),
      ...compare(exact.model, narrow.model),
      ...compareAttentions(exact.model, narrow.model),
    };
    for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
  }
});
