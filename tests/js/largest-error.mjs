// What was compared of each family, and the largest error of any value, as README.md's table has it. To make the table:
//   scripts/lib/node-relaxed-simd.sh tests/js/largest-error.mjs
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRuntime } from 'attention-lab';
import { comparable, runners } from './golden-run.mjs';
import { checkpointPath, readGroups } from './golden.mjs';

const configOf = (checkpoint) =>
  JSON.parse(readFileSync(`${checkpointPath(checkpoint)}/config.json`, 'utf8'));

/** Families, by the model_type of their checkpoints. */
const named = [
  { of: 'bert', family: 'BERT (MiniLM is one)', reference: '`BertModel`, `BertForMaskedLM`' },
  {
    of: 'distilbert',
    family: 'DistilBERT',
    reference: '`DistilBertModel`, `DistilBertForMaskedLM`',
  },
  { of: 'roberta', family: 'RoBERTa', reference: '`RobertaModel`, `RobertaForMaskedLM`' },
  {
    of: 'longformer',
    family: 'Longformer',
    reference: '`LongformerModel`, `LongformerForMaskedLM`',
  },
  { of: 'gpt2', family: 'GPT-2', reference: '`GPT2LMHeadModel`, `GPT2Model`, `generate`' },
  { of: 'llama', family: 'Llama', reference: '`LlamaForCausalLM`, `generate`' },
  { of: 'vit', family: 'ViT', reference: '`ViTModel`, `ViTForImageClassification`' },
  { of: 'marian', family: 'Marian', reference: '`MarianMTModel`, `MarianModel`, `generate`' },
];

/** Groups of cases without checkpoints. */
const groups = [
  { of: 'seq2seq', family: 'encoder–decoder', reference: '`torch.nn.Transformer`' },
  { of: 'encoder', family: 'encoder', reference: '`torch.nn.TransformerEncoder`' },
  {
    of: 'transformer_xl',
    family: 'Transformer-XL',
    reference: "its paper's equations, pair by pair",
  },
  {
    of: 'positions',
    family: "T5's bias, ALiBi",
    reference: '`T5EncoderModel`, a causal `T5Stack`, `BloomForCausalLM`',
  },
  { of: 'gru', family: 'GRU', reference: '`torch.nn.GRU`, its gates and Jacobians' },
];

/** A family without a row above is called by its architectures: Qwen2ForCausalLM is of Qwen2. */
function otherRows() {
  const architectures = new Map();
  for (const name of readdirSync(checkpointPath('.'))) {
    const { model_type: of, architectures: own = [] } = configOf(name);
    if (named.some((row) => row.of === of)) continue;
    architectures.set(of, new Set([...(architectures.get(of) ?? []), ...own]));
  }
  return [...architectures].map(([of, own]) => ({
    of,
    family: [...own][0].replace(/For.*|Model$/, ''),
    reference: [...own]
      .sort()
      .map((name) => `\`${name}\``)
      .join(', '),
  }));
}

/** Rows of the table, in its order. */
export const rows = [...named, ...otherRows(), ...groups];

/** |actual − expected|, infinite where either is no number or the shapes differ. */
function largest(actual, expected) {
  if (actual?.data.length !== expected.data.length) return Infinity;
  return expected.data.reduce((worst, value, i) => {
    const error = value === actual.data[i] ? 0 : Math.abs(actual.data[i] - value);
    return Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }, 0);
}

/** `of` → { checkpoints, cases, values, texts (generated, token for token), error, where }. */
export async function measure(runtime) {
  const found = new Map(
    rows.map(({ of }) => [
      of,
      { checkpoints: new Set(), cases: 0, values: 0, texts: 0, error: 0, where: '' },
    ]),
  );
  for (const { group, cases } of readGroups()) {
    for (const testCase of cases.filter(
      ({ kind }) => runners[kind] && kind !== 'gradients' && kind !== 'training',
    )) {
      const { checkpoint, kind, name } = testCase;
      const row = found.get(checkpoint ? configOf(checkpoint).model_type : group);
      if (!row || kind === 'pictures') continue;
      const model = checkpoint && (await runtime.loadModel(checkpointPath(checkpoint)));
      const { actual, expected } = comparable(testCase, runners[kind](runtime, testCase, model));
      model?.dispose();
      if (checkpoint) row.checkpoints.add(checkpoint);
      row.cases += 1;
      if (kind === 'generation') row.texts += 1;
      for (const [tensorName, tensor] of expected) {
        const error = largest(actual.get(tensorName), tensor);
        if (kind === 'generation' && error > 0) throw new Error(`${name}: other tokens`);
        row.values += tensor.data.length;
        if (error > row.error)
          Object.assign(row, { error, where: `${group}/${name}: ${tensorName}` });
      }
    }
  }
  return found;
}

const shortly = (error) => error.toExponential(1);
const count = (number) => (number === 0 ? '' : number.toLocaleString('en'));

/** The table's lines; `measured` holds what `measure` found by variant. */
function lines(measured) {
  const [first] = measured.values();
  return rows.map(({ of, family, reference }) => {
    const { checkpoints, cases, values, texts } = first.get(of);
    const errors = [...measured.values()].map((found) => shortly(found.get(of).error));
    return `| ${[family, reference, count(checkpoints.size), count(cases), count(texts), count(values), ...errors].join(' | ')} |`;
  });
}

async function main() {
  const measured = new Map();
  for (const variant of ['simd128', 'relaxed'])
    measured.set(variant, await measure(await createRuntime({ variant })));
  const versions = new Set(
    readGroups().map(({ made }) => `PyTorch ${made.torch}, Transformers ${made.transformers}`),
  );
  console.log([...versions].join('; '));
  console.log(
    `| family | compared with | checkpoints | cases | greedy texts | values | largest error, ${[...measured.keys()].join(' | ')} |`,
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const line of lines(measured)) console.log(line);
  for (const [variant, found] of measured) {
    for (const [of, { where }] of found) console.log(`${variant} ${of}: ${where}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
