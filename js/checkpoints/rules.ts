// The table of a family's tensors: our name, the file's names, our dims.
import type { TensorRule } from './family.js';

export class Rules {
  readonly all: TensorRule[] = [];

  /** `prefix` stands before all names of the file. */
  constructor(private readonly prefix = '') {}

  /** A name of the file, its prefix before it. */
  named(theirs: string): string {
    return this.prefix + theirs;
  }

  /** Names of the file: the usual one, then older ones. */
  tensor(ours: string, dims: number[], ...theirs: string[]): TensorRule {
    const rule: TensorRule = { ours, theirs: theirs.map((name) => this.prefix + name), dims };
    this.all.push(rule);
    return rule;
  }

  linear(ours: string, theirs: string, output: number, input: number, bias = true): void {
    this.tensor(`${ours}.weight`, [output, input], `${theirs}.weight`);
    if (bias) this.tensor(`${ours}.bias`, [output], `${theirs}.bias`);
  }

  /** A linear layer whose weight the file holds as [in, out]. */
  conv1d(ours: string, theirs: string, output: number, input: number): void {
    this.linear(ours, theirs, output, input);
    this.all.at(-2)!.transposed = true;
  }

  layerNorm(ours: string, theirs: string, size: number): void {
    // Checkpoints converted from TensorFlow before 2019 say gamma and beta.
    this.tensor(`${ours}.weight`, [size], `${theirs}.weight`, `${theirs}.gamma`);
    this.tensor(`${ours}.bias`, [size], `${theirs}.bias`, `${theirs}.beta`);
  }
}

/** Every parameter under its own name. */
export function ownRules(shapes: ReadonlyMap<string, readonly number[]>): TensorRule[] {
  return [...shapes].map(([name, dims]) => ({ ours: name, theirs: [name], dims: [...dims] }));
}

/** The prefix of a body's tensors: none where it was saved alone, its name as part of a model with a head. */
export function bodyPrefix(
  name: string,
  probe: string,
  alone: boolean,
  has: (name: string) => boolean,
): string {
  if (has(name + probe)) return name;
  return has(probe) || alone ? '' : name;
}

/** Whether a tensor belongs to a head, by Transformers' names. */
export const isHead = (name: string): boolean =>
  /^(cls|lm_head|vocab_transform|vocab_projector|generator_predictions|predictions|embed_out|final_logits_bias|pre_classifier|classifier|qa_outputs)\b/.test(
    name,
  );
