// One run as CSV, as JSON, and as the JavaScript that makes it again. Pure.
import { forwardOptions, type Edits } from '../state/edits.ts';
import type { PageModel, Run } from '../state/model.svelte.ts';
import { at, headOf } from './pattern.ts';

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Every weight of every head: layer, head, query, key (from 0), their words, weight. */
export function toCsv(run: Run): string {
  const lines = ['layer,head,query,key,query_token,key_token,weight'];
  run.attentions.forEach((tensor, layer) => {
    for (let head = 0; head < tensor.dims[1]!; head++) {
      const pattern = headOf(tensor, head);
      for (let query = 0; query < pattern.rows; query++) {
        for (let key = 0; key < pattern.columns; key++) {
          const words = [run.tokens[query]!.text, run.tokens[key]!.text].map(quoted);
          lines.push([layer, head, query, key, ...words, at(pattern, query, key)].join(','));
        }
      }
    }
  });
  return lines.join('\n') + '\n';
}

export function toJson(model: PageModel, text: string, edits: Edits, run: Run): string {
  const tensor = ({ dims, data }: { dims: number[]; data: Float32Array }) => ({ dims, data: Array.from(data) });
  return JSON.stringify({
    model: model.name,
    text,
    tokens: run.tokens.map((token) => token.text),
    ids: run.tokens.map((token) => token.id),
    edits,
    attentions: run.attentions.map(tensor),
    lastHiddenState: tensor(run.lastHiddenState),
    ...(run.logits && { logits: tensor(run.logits) }),
  });
}

const literal = (value: unknown) => JSON.stringify(value);

/** A program of a few lines for Node or a page; `length` is the number of tokens. */
export function toCode(model: PageModel, text: string, edits: Edits, length: number, layer: number, head: number): string {
  const { mask, ...options } = forwardOptions(edits, length);
  const fields = Object.entries({ outputAttentions: true, ...options }).map(([name, value]) => `  ${name}: ${literal(value)},`);
  const lines = [
    `import { createRuntime } from 'attention-lab';`,
    ``,
    `const rt = await createRuntime();`,
    `const model = await rt.loadModel(${literal(model.shipped ? `./models/${model.name}/` : `./${model.name}/`)}); // a folder URL, or a path in Node`,
    `const { ids, tokens } = model.encode(${literal(text)});`,
  ];
  if (mask) {
    lines.push(
      `const mask = { data: new Uint8Array(${length} * ${length}).fill(1), dims: [${length}, ${length}] };`,
      `for (const [query, key] of ${literal(edits.blocked)}) mask.data[query * ${length} + key] = 0;`,
    );
    fields.push('  mask,');
  }
  lines.push(
    `const out = model.forward({ inputIds: ids }, {`,
    ...fields,
    `});`,
    ``,
    `// weights of layer ${layer + 1}, head ${head + 1}: row ↓ looks at column →`,
    `const T = ids.length;`,
    `const pattern = out.attentions[${layer}].data.subarray(${head} * T * T, ${head + 1} * T * T);`,
    `tokens.forEach((token, query) => {`,
    `  const row = [...pattern.subarray(query * T, (query + 1) * T)];`,
    `  console.log(token, '→', tokens[row.indexOf(Math.max(...row))], Math.max(...row).toFixed(2));`,
    `});`,
  );
  return lines.join('\n') + '\n';
}
