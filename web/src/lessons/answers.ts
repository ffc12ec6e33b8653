// Reads a model's answers out of its logits, and what its heads attend to, for any lesson.
import type { ForwardInputs, Tensor, TrainingExample } from 'attention-lab';
import type { Encoded } from './lesson.ts';

/** The label of a position where no answer is asked for. */
export const ignored = -100;

/** An example without its answers, as `model.forward` takes it. */
export function inputsOf({ labels: _, ...inputs }: TrainingExample): ForwardInputs {
  return inputs;
}

/** What a model says at one place. */
export interface Answer {
  /** The query at which it says it; of a picture's one answer 0. */
  position: number;
  predicted: string;
  /** How sure it is: the softmax's weight of what it says. */
  probability: number;
  correct: string;
}

/** The answers of one sequence: `logits` is [1, T, V], or [1, V] of a classifier. */
export function answersOf(
  vocabulary: readonly string[],
  { example }: Encoded,
  logits: Tensor,
): Answer[] {
  const labels = typeof example.labels === 'number' ? [example.labels] : example.labels;
  const size = logits.dims.at(-1)!;
  return labels.flatMap((label, position) => {
    if (label === ignored) return [];
    const { id, probability } = likeliest(
      logits.data.subarray(position * size, (position + 1) * size),
    );
    return [{ position, predicted: vocabulary[id]!, probability, correct: vocabulary[label]! }];
  });
}

/** The first of the largest logits, and its probability. */
export function likeliest(logits: Float32Array): { id: number; probability: number } {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return { id: logits.indexOf(largest), probability: 1 / sum };
}

/** [layer][head] → the attention on the right keys, averaged over the targets of all these examples. */
export function attentionOnTargets(
  examples: readonly { encoded: Encoded; attentions: readonly Tensor[] }[],
): number[][] {
  const sums: number[][] = [];
  let count = 0;
  for (const { encoded, attentions } of examples) {
    count += encoded.targets.length;
    attentions.forEach((attention, layer) => {
      const heads = attention.dims[1]!;
      const row = (sums[layer] ??= new Array<number>(heads).fill(0));
      for (let head = 0; head < heads; ++head)
        row[head]! += attentionOnTarget(encoded, attention, head);
    });
  }
  return sums.map((row) => row.map((sum) => sum / count));
}

/** Summed over the targets; `attention` is [1, H, T, S]. */
function attentionOnTarget({ targets }: Encoded, { data, dims }: Tensor, head: number): number {
  const [, , queries, keys] = dims as [number, number, number, number];
  let sum = 0;
  for (const target of targets) {
    for (const key of target.keys) sum += data[(head * queries + target.query) * keys + key]!;
  }
  return sum;
}

/** The head with most attention on the targets. */
export function bestHead(weights: readonly (readonly number[])[]): {
  layer: number;
  head: number;
  weight: number;
} {
  const all = weights.flatMap((row, layer) => row.map((weight, head) => ({ layer, head, weight })));
  return all.reduce((best, each) => (each.weight > best.weight ? each : best));
}
