// Compares this package's tokenizers with a campaign of rust_tokenizers.py --out, which says how. Prints the differences and their number.
//     node scripts/golden/compare_tokenizers.mjs FILE [most differences to print]
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const [file, most = 20] = process.argv.slice(2);
const { outputFiles } = await build({
  entryPoints: [
    fileURLToPath(new URL('../../js/tokenizers/pipeline/pipeline.ts', import.meta.url)),
  ],
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  write: false,
});
const { Pipeline } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
);

let compared = 0;
const differences = new Map();
const differ = (name, text, expected, got) => {
  const all = differences.get(name) ?? [];
  differences.set(name, all);
  if (all.push(text) <= 2 && differences.size <= most)
    console.log(
      `${name}: ${JSON.stringify(text)}\n  Rust ${JSON.stringify(expected)}\n  here ${JSON.stringify(got)}`,
    );
};
const attempt = (use) => {
  try {
    return use();
  } catch (error) {
    return { error: error.name === 'AttentionLabError' ? error.message : error.stack };
  }
};
const compare = (name, text, expected, use) => {
  compared += 1;
  const got = attempt(use);
  if (expected === null && (got?.error === undefined || !/^\s+at /m.test(got.error))) return; // the library fails; here it may not
  if (JSON.stringify(got) !== JSON.stringify(expected)) differ(name, text, expected, got);
};
const rowOf = (pipeline, ...texts) => {
  const { pieces } = pipeline.encode(texts, true);
  const ids = pieces.map(({ id }) => id);
  return {
    ids,
    tokens: pieces.map(({ text }) => text),
    offsets: pieces.map(({ start, end }) => [start, end]),
    words: pieces.map(({ word }) => word),
    types: pieces.map(({ typeId }) => typeId),
    special: pieces.map(({ isSpecial }) => (isSpecial ? 1 : 0)),
    decoded: [pipeline.decode(ids, false), pipeline.decode(ids, true)],
  };
};

let skipped = 0;
for await (const line of createInterface({ input: createReadStream(file) })) {
  const {
    name,
    json,
    texts = [],
    rows = [],
    decoded = [],
    pairs = [],
    settings,
  } = JSON.parse(line);
  const pipeline = attempt(() => new Pipeline(json, 'tokenizer.json'));
  if (pipeline.error) {
    differ(name, 'is read', '', pipeline.error);
    continue;
  }
  texts.forEach((text, at) => compare(name, text, rows[at], () => rowOf(pipeline, text)));
  for (const [a, b, expected] of pairs)
    compare(name, [a, b], expected, () => rowOf(pipeline, a, b));
  for (const [ids, expected] of decoded)
    compare(name, ids, expected, () => pipeline.decode(ids, false));
  for (const [strategy, side, maxLength, stride, text, pair, expected] of settings?.truncated ?? [])
    compare(`${name} ${strategy} ${side} ${maxLength} ${stride}`, [text, pair], expected, () => {
      const given = pair === null ? [text] : [text, pair];
      const { pieces, overflow } = pipeline.encode(given, true, {
        strategy,
        side,
        maxLength,
        stride,
      });
      return [pieces, ...overflow].map((all) => [
        all.map(({ id }) => id),
        all.map(({ start, end }) => [start, end]),
        all.map(({ typeId }) => typeId),
        all.map(({ word }) => word),
      ]);
    });
}
const count = [...differences.values()].reduce((sum, all) => sum + all.length, 0);
console.log(
  `${compared} compared, ${count} different, in ${differences.size} cases${skipped ? `, ${skipped} skipped` : ''}`,
);
for (const [name, all] of differences) console.log(`  ${name}: ${all.length}`);
process.exitCode = count > 0 ? 1 : 0;
