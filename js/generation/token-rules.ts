// What a checkpoint says about the tokens that are generated: where they begin and end, which never come and which must.
// transformers/generation: NoBadWordsLogitsProcessor, ForcedBOSTokenLogitsProcessor, ForcedEOSTokenLogitsProcessor,
// NoRepeatNGramLogitsProcessor, MinLengthLogitsProcessor, MinNewTokensLengthLogitsProcessor.
import type { GenerationDefaults } from '../core/checkpoint-extras.js';

/** What a call of `generate` sets. */
export interface TokenRuleOptions {
  noRepeatNgramSize: number;
  /** undefined: as the checkpoint says. */
  minNewTokens: number | undefined;
}

export class TokenRules {
  readonly #badWords: readonly (readonly number[])[];
  readonly #size: number;
  /** Fewest tokens, the prompt included. */
  readonly #least: number;
  /** What followed each sequence of #size − 1 tokens, and how many of the tokens are in it. */
  readonly #followers = new Map<string, number[]>();
  #counted = 0;

  constructor(
    private readonly defaults: GenerationDefaults,
    private readonly stops: ReadonlySet<number>,
    /** Most tokens, the prompt included. */
    private readonly capacity: number,
    prompt: number,
    { noRepeatNgramSize, minNewTokens }: TokenRuleOptions,
  ) {
    this.#size = noRepeatNgramSize;
    this.#least =
      minNewTokens === undefined
        ? Math.max(defaults.minLength ?? 0, prompt + (defaults.minNewTokens ?? 0))
        : prompt + minNewTokens;
    this.#badWords = (defaults.badWords ?? []).filter(
      (word) => word.length > 1 || !stops.has(word[0]!),
    );
  }

  /** The id that has to follow, whatever the model says. */
  forced(ids: readonly number[]): number | undefined {
    const { forcedFirst, forcedLast } = this.defaults;
    const last = ids.length === this.capacity - 1 ? forcedLast : undefined;
    return last ?? (ids.length === 1 ? forcedFirst : undefined);
  }

  /** The ids that may not follow. */
  suppressed(ids: readonly number[]): number[] {
    const early = ids.length < this.#least ? [...this.stops] : [];
    return [...this.#completingBadWords(ids), ...this.#repeating(ids), ...early];
  }

  /** The ids that once followed the last #size − 1 tokens. */
  #repeating(ids: readonly number[]): readonly number[] {
    const size = this.#size;
    if (size === 0) return [];
    for (; this.#counted + size <= ids.length; ++this.#counted) {
      const before = ids.slice(this.#counted, this.#counted + size - 1).join();
      const follower = ids[this.#counted + size - 1]!;
      const known = this.#followers.get(before);
      if (known) known.push(follower);
      else this.#followers.set(before, [follower]);
    }
    if (ids.length + 1 < size) return [];
    return this.#followers.get(ids.slice(ids.length - size + 1).join()) ?? [];
  }

  #completingBadWords(ids: readonly number[]): number[] {
    const completed = this.#badWords.filter((word) => {
      const start = ids.length - (word.length - 1);
      return (
        (word.length === 1 || start > 0) &&
        word.slice(0, -1).every((id, index) => id === ids[start + index])
      );
    });
    return completed.map((word) => word.at(-1)!);
  }
}
