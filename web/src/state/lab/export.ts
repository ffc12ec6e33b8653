// One run as CSV, as JSON, and as the JavaScript that makes it again. Pure.
import type { ForwardInputs, Tensor } from 'attention-lab';
import { forwardOptions, maskNames, maskSizes, type Edits } from './edits.ts';
import type { ModelKind, Origin } from './open-model.svelte.ts';
import type { Input, Run, Site } from './run.ts';
import type { SiteKind } from '../shared/attention.ts';
import { at, headOf } from '../../lib/pattern.ts';
import { pictureOf } from '../../lib/pen.ts';

/** What is exported: the model by name, what it was given, the edits, and the run that came of them. */
export interface Exported {
  model: { name: string; kind: ModelKind; origin: Origin };
  input: Input;
  edits: Edits;
  run: Run;
}

/** As `forward` calls the attentions of each kind. */
const outputNames: Record<SiteKind, string> = {
  self: 'attentions',
  cross: 'crossAttentions',
  encoder: 'encoderAttentions',
  decoder: 'decoderAttentions',
};

/** What `forward` is given, in the code that makes a run again. */
const inputsOf: Record<ModelKind, string> = {
  text: '{ inputIds: ids }',
  seq2seq: '{ inputIds, decoderInputIds }',
  vision: '{ pixelValues }',
};

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const kindsOf = ({ sites }: Run): SiteKind[] => [...new Set(sites.map(({ kind }) => kind))];

/** Every weight of every head: layer, head, query, key (from 0), their words, weight; where there are several attentions, which it is. */
export function toCsv(run: Run): string {
  const hasKinds = kindsOf(run).length > 1;
  const lines = [
    `${hasKinds ? 'attention,' : ''}layer,head,query,key,query_token,key_token,weight`,
  ];
  for (const { kind, layer, pattern: tensor, rows, columns } of run.sites) {
    if (!tensor) continue;
    for (let head = 0; head < tensor.dims[1]!; head++) {
      const pattern = headOf(tensor, head);
      for (let query = 0; query < pattern.rows; query++) {
        for (let key = 0; key < pattern.columns; key++) {
          const words = [rows[query]!.text, columns[key]!.text].map(quoted);
          lines.push(
            [
              ...(hasKinds ? [kind] : []),
              layer,
              head,
              query,
              key,
              ...words,
              at(pattern, query, key),
            ].join(','),
          );
        }
      }
    }
  }
  return lines.join('\n') + '\n';
}

const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && 'data' in value;
const plain = (tensor: Tensor) => ({ dims: tensor.dims, data: Array.from(tensor.data) });

export function toJson({ model, input, edits, run }: Exported): string {
  const { inputIds, ...others } = run.inputs;
  const attentions = kindsOf(run).map((kind) => [
    outputNames[kind],
    run.sites.flatMap(({ kind: own, pattern }) => (own === kind && pattern ? plain(pattern) : [])),
  ]);
  return JSON.stringify({
    model: model.name,
    ...(model.kind !== 'vision' && { text: input.text }),
    ...(model.kind === 'seq2seq' && { target: input.target }),
    tokens: run.tokens.map((token) => token.text),
    ...(inputIds && { ids: inputIds }),
    ...Object.fromEntries(
      Object.entries(others).map(([name, value]) => [name, isTensor(value) ? plain(value) : value]),
    ),
    edits,
    ...Object.fromEntries(attentions),
    lastHiddenState: plain(run.lastHiddenState),
    ...(run.logits && { logits: plain(run.logits) }),
  });
}

/** As JavaScript writes it: JSON has no infinity. */
const literal = (value: unknown) =>
  JSON.stringify(value, (_, part: unknown) =>
    part === -Infinity ? '-Infinity' : part,
  )?.replaceAll('"-Infinity"', '-Infinity');

/** A program of a few lines for Node or a page, that prints what the shown head attends to. */
export function toCode(
  { model, input, edits, run }: Exported,
  { kind, layer, rows, columns }: Site,
  head: number,
): string {
  const sizes = maskSizes(run.sites);
  const options = forwardOptions(edits, sizes);
  const masks = maskNames.filter((name) => options[name]);
  const fields = Object.entries(options).filter(([name]) => !masks.some((mask) => mask === name));
  const [T, S] = [rows.length, columns.length];
  return [
    `import { createRuntime } from 'attention-lab';`,
    ``,
    `const rt = await createRuntime();`,
    `const model = await rt.loadModel(${sourceOf(model)}`,
    ...inputLines(model.kind, input, run.inputs),
    ...masks.flatMap((name) => {
      const [queries, keys] = sizes[name]!;
      const cells = edits.blocked
        .filter(({ mask }) => mask === name)
        .map(({ query, key }) => [query, key]);
      return [
        `const ${name} = { data: new Uint8Array(${queries} * ${keys}).fill(1), dims: [${queries}, ${keys}] };`,
        `for (const [query, key] of ${literal(cells)}) ${name}.data[query * ${keys} + key] = 0;`,
      ];
    }),
    `const out = model.forward(${inputsOf[model.kind]}, {`,
    `  outputAttentions: true,`,
    ...fields.map(([name, value]) => `  ${name}: ${literal(value)},`),
    ...masks.map((name) => `  ${name},`),
    `});`,
    ``,
    `// weights of ${kind === 'self' ? '' : `the ${kind === 'cross' ? 'cross-attention' : kind}'s `}layer ${layer + 1}, head ${head + 1}: row (query) attends to column (key)`,
    ...(model.kind === 'text'
      ? []
      : [
          `const rows = ${literal(rows.map(({ text }) => text))};`,
          `const columns = ${literal(columns.map(({ text }) => text))};`,
        ]),
    `const [T, S] = ${model.kind === 'text' ? '[ids.length, ids.length]' : `[${T}, ${S}]`};`,
    `const pattern = out.${outputNames[kind]}[${layer}].data.subarray(${head} * T * S, ${head + 1} * T * S);`,
    `${model.kind === 'text' ? 'tokens' : 'rows'}.forEach((token, query) => {`,
    `  const row = [...pattern.subarray(query * S, (query + 1) * S)];`,
    `  console.log(token, '→', ${model.kind === 'text' ? 'tokens' : 'columns'}[row.indexOf(Math.max(...row))], Math.max(...row).toFixed(2));`,
    `});`,
    ``,
  ].join('\n');
}

/** The argument of `loadModel` and what is to be said of it. */
function sourceOf({ name, origin }: Exported['model']): string {
  if (origin.from === 'hub')
    return `${literal(name)}, ${literal({ revision: origin.revision })}); // a model of the hub`;
  return `${literal(origin.from === 'page' ? `./models/${name}/` : `./${name}/`)}); // a folder URL, or a path in Node`;
}

function inputLines(kind: ModelKind, { text, picture }: Input, inputs: ForwardInputs): string[] {
  if (kind === 'text') return [`const { ids, tokens } = model.encode(${literal(text)});`];
  if (kind === 'seq2seq')
    return [
      `const inputIds = ${literal(inputs.inputIds)}; // ${literal(text)}`,
      `const decoderInputIds = ${literal(inputs.decoderInputIds)};`,
    ];
  if (picture && 'bitmap' in picture) {
    return [
      `const picture = await createImageBitmap(await (await fetch(${literal(picture.name)})).blob()); // in a page; in Node, its pixels`,
      `const pixelValues = model.preprocess(picture);`,
    ];
  }
  const { data, width, height } = pictureOf(
    picture!.drawing,
    (inputs.pixelValues as Tensor).dims[1]!,
  );
  return [
    `const drawing = { data: Uint8Array.from(${literal(Array.from(data))}), width: ${width}, height: ${height} };`,
    `const pixelValues = model.preprocess(drawing);`,
  ];
}
