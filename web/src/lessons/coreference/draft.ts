// Words with marks on some of them, so that clauses can be put in any order before positions are counted. Knows no grammar.

export type Mark =
  'subject' | 'object' | 'verb' | 'referring' | 'reason' | 'asked' | 'head' | 'rival' | 'other';

export class Draft {
  readonly #items: { word: string; mark: Mark | undefined }[] = [];

  /** Adds the words of `text`; the mark stands on the last of them. */
  add(text: string, mark?: Mark): this {
    const words = text.split(' ').filter(Boolean);
    words.forEach((word, i) =>
      this.#items.push({ word, mark: i === words.length - 1 ? mark : undefined }),
    );
    return this;
  }

  append(other: Draft): this {
    this.#items.push(...other.#items);
    return this;
  }

  has(mark: Mark): boolean {
    return this.#items.some((item) => item.mark === mark);
  }

  /** Where the marked word stands. The caller knows that there is one. */
  find(mark: Mark): number {
    const at = this.#items.findIndex((item) => item.mark === mark);
    if (at < 0) throw new Error(`draft: no word is marked '${mark}'`);
    return at;
  }

  get words(): string[] {
    return this.#items.map(({ word }) => word);
  }
}
