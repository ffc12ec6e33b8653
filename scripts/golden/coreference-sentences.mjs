// Prints the held-out sentences of tests/golden/coreference/heldout.json, 120 of each family, with the right answers and the head
// that finds the noun. Layers and heads count from 0, positions from [CLS]. Needs the built package (npm run build).
import { readFileSync } from 'node:fs';
import { loadLessons } from '../lib/lessons.mjs';

const perFamily = 120;
const { heldOutSentences } = await loadLessons();
const evaluation = new URL('../../web/public/models/coreference/evaluation.json', import.meta.url);
const { layer, head } = JSON.parse(readFileSync(evaluation, 'utf8')).details.solver;
const sentences = [...heldOutSentences(perFamily).values()]
  .flat()
  .map(({ family, words, answers, target, referent, rival }) => ({
    family,
    text: words.join(' '),
    position: target + 1,
    answer: answers.get(target),
    ...(['noun', 'pronoun', 'question'].includes(family) && {
      referent: referent + 1,
      rival: rival + 1,
    }),
  }));
console.log(JSON.stringify({ layer, head, sentences }));
