// What a checkpoint says about the tokens that are generated: where they begin and end, which never come and which must.
// transformers/generation: NoBadWordsLogitsProcessor, ForcedBOSTokenLogitsProcessor, ForcedEOSTokenLogitsProcessor.

export interface GenerationDefaults {
  /** Ids that end a text. */
  stopTokens: readonly number[];
  /** What the decoder of an encoder–decoder begins with. */
  decoderStartTokenId?: number | undefined;
  /** Sequences that never come; one that is a stop token alone does not count. */
  badWords?: readonly (readonly number[])[];
  /** The token after the first one. */
  forcedFirst?: number | undefined;
  /** The last token that there is room for. */
  forcedLast?: number | undefined;
  /** What the checkpoint asks for beyond these: tokens would be others than Transformers'. */
  unserved?: string | undefined;
}

export class TokenRules {
  readonly #badWords: readonly (readonly number[])[];

  constructor(
    private readonly defaults: GenerationDefaults,
    stops: ReadonlySet<number>,
    /** Most tokens, the prompt included. */
    private readonly capacity: number,
  ) {
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

  /** The ids that would complete a bad word. */
  suppressed(ids: readonly number[]): number[] {
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
