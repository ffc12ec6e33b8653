// Measures a checkpoint on held-out sentences: accuracy by family, which head looks at the right noun, what a changed word does.
import type { Intervention, Model, SeededRandom } from 'attention-lab';
import { batchOf, vocabulary } from './batch.ts';
import { families, type Sentence } from './families.ts';
import { drawSentence, flipped } from './sentence.ts';

/** The families whose answer is a noun of the sentence. */
const referring = ['noun', 'pronoun', 'question'] as const;
type AskedFamily = (typeof families)[number];

export interface Asked {
  sentence: Sentence;
  predicted: string;
  /** [N][H], weight from the target to the right noun, and to its rival. */
  toReferent: number[][];
  toRival: number[][];
}

export const isRight = ({ sentence, predicted }: Asked): boolean =>
  predicted === sentence.answers.get(sentence.target);

/** Runs the sentences, a hundred of like length at a time. */
export function ask(
  model: Model,
  sentences: readonly Sentence[],
  interventions: readonly Intervention[] = [],
): Asked[] {
  const order = sentences
    .map((_, i) => i)
    .sort((a, b) => sentences[a]!.words.length - sentences[b]!.words.length);
  const asked: Asked[] = [];
  for (let first = 0; first < order.length; first += 100) {
    const part = order.slice(first, first + 100);
    const { inputIds, attentionMask } = batchOf(part.map((i) => sentences[i]!));
    const { logits, attentions } = model.forward(
      { inputIds, attentionMask },
      { outputAttentions: true, interventions },
    );
    const [, T, V] = logits!.dims as [number, number, number];
    const H = model.config.attention.numHeads;
    part.forEach((i, b) => {
      const sentence = sentences[i]!;
      const target = sentence.target + 1; // [CLS] stands before the words
      const row = logits!.data.subarray((b * T + target) * V, (b * T + target + 1) * V);
      const weights = (query: number, key: number | undefined): number[][] =>
        attentions!.map(({ data }) =>
          Array.from({ length: H }, (_, h) =>
            key === undefined ? 0 : data[((b * H + h) * T + query) * T + key]!,
          ),
        );
      const place = (at: number | undefined): number | undefined =>
        at === undefined ? undefined : at + 1;
      asked[i] = {
        sentence,
        predicted: vocabulary[row.indexOf(Math.max(...row))]!,
        toReferent: weights(target, place(sentence.referent)),
        toRival: weights(target, place(sentence.rival)),
      };
    });
  }
  return asked;
}

/** Held-out sentences; of the family `reason` only those whose noun has one possible reason. */
export function drawHeldOut(random: SeededRandom, perFamily: number): Map<AskedFamily, Sentence[]> {
  return new Map(
    families.map((family) => {
      const drawn: Sentence[] = [];
      while (drawn.length < perFamily) {
        const sentence = drawSentence(random, 'held-out', { family });
        if (sentence.reasons.length <= 1) drawn.push(sentence);
      }
      return [family, drawn];
    }),
  );
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const share = (flags: readonly boolean[]): number => mean(flags.map(Number));
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

interface Head {
  layer: number;
  head: number;
}

function everyHead<T>(model: Model, of: (head: Head) => T): T[] {
  const { numLayers, attention } = model.config;
  return Array.from({ length: numLayers * attention.numHeads }, (_, i) =>
    of({ layer: Math.floor(i / attention.numHeads), head: i % attention.numHeads }),
  );
}

/** For each head the mean weight on the right noun and on the rival, and how often the right noun gets more. */
function headTable(
  model: Model,
  asked: readonly Asked[],
): (Head & { toReferent: number; toRival: number; referentFirst: number })[] {
  const used = asked.filter(
    ({ sentence }) => sentence.referent !== undefined && sentence.rival !== undefined,
  );
  return everyHead(model, ({ layer, head }) => ({
    layer,
    head,
    toReferent: rounded(mean(used.map(({ toReferent }) => toReferent[layer]![head]!))),
    toRival: rounded(mean(used.map(({ toRival }) => toRival[layer]![head]!))),
    referentFirst: rounded(
      share(used.map((a) => a.toReferent[layer]![head]! > a.toRival[layer]![head]!)),
    ),
  }));
}

/** Every figure of docs/model.md. */
export function measureFamilies(
  model: Model,
  heldOut: ReadonlyMap<AskedFamily, readonly Sentence[]>,
) {
  const byFamily = new Map(
    [...heldOut].map(([family, sentences]) => [family, ask(model, sentences)] as const),
  );
  const every = [...byFamily.values()].flat();
  const ofNouns = referring.flatMap((family) => byFamily.get(family)!);
  const solver = headTable(model, ofNouns).reduce((best, head) =>
    head.toReferent > best.toReferent ? head : best,
  );
  const looks = (asked: Asked): boolean =>
    asked.toReferent[solver.layer]![solver.head]! > asked.toRival[solver.layer]![solver.head]!;
  const pairs = ofNouns.filter(({ sentence }) => sentence.flip);
  const after = ask(
    model,
    pairs.map(({ sentence }) => flipped(sentence)),
  );
  const some = new Map(
    [...heldOut].map(([family, sentences]) => [family, sentences.slice(0, 200)] as const),
  );
  return {
    sentences: every.length,
    accuracy: share(every.map(isRight)),
    families: Object.fromEntries(
      [...byFamily].map(([family, asked]) => [
        family,
        {
          sentences: asked.length,
          accuracy: share(asked.map(isRight)),
          heads: headTable(model, asked),
        },
      ]),
    ),
    solver,
    oneWordChanged: {
      sentences: pairs.length,
      bothAnswersRight: share(pairs.map((before, i) => isRight(before) && isRight(after[i]!))),
      arcMoves: share(pairs.map((before, i) => looks(before) && looks(after[i]!))),
    },
    accuracyWithoutHead: everyHead(model, ({ layer, head }) => ({
      layer,
      head,
      ...Object.fromEntries(
        [...some].map(([family, sentences]) => [
          family,
          share(
            ask(model, sentences, [{ at: `blocks.${layer}.attn.z`, head, op: 'zero' }]).map(
              isRight,
            ),
          ),
        ]),
      ),
    })),
  };
}
