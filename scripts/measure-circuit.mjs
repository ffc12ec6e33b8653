// node scripts/measure-circuit.mjs [--sentences N]: what Learn tells of the shipped model's two hops, measured on held-out sentences.
// Prints how far the margin, logit(answer) − logit(rival), falls when arcs are cut (their weights set to zero in all heads of a
// layer), how many answers change, and the same for as many arcs drawn at random.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageSteps, setUpSteps } from './lib/build-steps.mjs';
import { paths } from './lib/paths.mjs';
import { exitOnFailure, runSteps } from './lib/steps.mjs';

const name = 'coreference';
const seed = 20261201;
const files = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Held-out sentences with a hidden noun, whose reason is one word that can be swapped. */
function draw(lessons, random, count) {
  const found = [];
  while (found.length < count) {
    const sentence = lessons.drawSentence(random, 'held-out', { family: 'noun' });
    if (sentence.flip && sentence.referent !== undefined && sentence.rival !== undefined)
      found.push(sentence);
  }
  return found;
}

/** Positions count [CLS], which stands before the words. */
function asked(model, { words, target, referent, rival, flip }) {
  const inputIds = model.encode(words.join(' ')).ids;
  const idOf = (word) => model.tokenizer.tokenToId(word);
  return {
    inputIds,
    blank: target + 1,
    noun: referent + 1,
    other: rival + 1,
    adjective: flip.at + 1,
    answer: idOf(words[referent]),
    rival: idOf(words[rival]),
  };
}

/** `arcs`: [layer, query, key], cut in all heads. */
function run(model, { inputIds, blank, answer, rival }, arcs) {
  const { logits } = model.forward(
    { inputIds },
    {
      interventions: arcs.map(([layer, query, key]) => ({
        at: `blocks.${layer}.attn.pattern`,
        query,
        key,
        op: 'zero',
      })),
    },
  );
  const width = logits.dims.at(-1);
  const row = logits.data.subarray(blank * width, (blank + 1) * width);
  return { margin: row[answer] - row[rival], best: row.indexOf(Math.max(...row)) };
}

const cuts = [
  [
    'both nouns → adjective, layer 1',
    ({ noun, other, adjective }) => [
      [0, noun, adjective],
      [0, other, adjective],
    ],
  ],
  ['blank → noun, layer 2', ({ blank, noun }) => [[1, blank, noun]]],
  ['blank → adjective, layer 2', ({ blank, adjective }) => [[1, blank, adjective]]],
  ['blank → the word after it, layer 1', ({ blank }) => [[0, blank, blank + 1]]],
];

/** As many arcs of a layer as a cut has, none of them its own. */
function randomArcs(random, { inputIds }, own) {
  const length = inputIds.length;
  const isOwn = (arc) => own.some((each) => each.join() === arc.join());
  return own.map(([layer]) => {
    for (;;) {
      const arc = [layer, Math.floor(random.next() * length), Math.floor(random.next() * length)];
      if (!isOwn(arc)) return arc;
    }
  });
}

async function main() {
  const { values } = parseArgs({ options: { sentences: { type: 'string', default: '400' } } });
  await runSteps([...setUpSteps, ...packageSteps]);
  const { loadLessons } = await import('./lib/lessons.mjs');
  const { createRuntime, createRandom } = await import('attention-lab');
  const lessons = await loadLessons();
  const runtime = await createRuntime({ variant: 'simd128' });
  const folder = join(paths.root, 'web', 'public', 'models', name);
  const model = await runtime.loadModel(
    files.map((file) => new File([readFileSync(join(folder, file))], file)),
  );
  const random = createRandom(seed);
  const sentences = draw(lessons, random, Number(values.sentences)).map((sentence) =>
    asked(model, sentence),
  );
  const whole = sentences.map((sentence) => run(model, sentence, []));
  console.log(
    `${sentences.length} held-out sentences, mean margin ${mean(whole.map(({ margin }) => margin)).toFixed(1)}`,
  );
  console.log(
    '| cut | margin falls by | answers that change | as many random arcs: margin | changes |',
  );
  console.log('| --- | --- | --- | --- | --- |');
  for (const [title, arcsOf] of cuts) {
    const compare = (arcs) => {
      const after = sentences.map((sentence, i) => run(model, sentence, arcs(sentence, i)));
      return {
        fall: mean(after.map(({ margin }, i) => whole[i].margin - margin)),
        changed: mean(after.map(({ best }, i) => Number(best !== whole[i].best))),
      };
    };
    const [cut, control] = [
      compare(arcsOf),
      compare((sentence) => randomArcs(random, sentence, arcsOf(sentence))),
    ];
    const percent = (share) => `${(100 * share).toFixed(0)}%`;
    console.log(
      `| ${title} | ${cut.fall.toFixed(1)} | ${percent(cut.changed)} | ${control.fall.toFixed(1)} | ${percent(control.changed)} |`,
    );
  }
}

await exitOnFailure(main);
