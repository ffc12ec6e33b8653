// The tokens of a lesson: ids for texts, and the problems of a learner's text, in words.
import { InputProblem } from './lesson.ts';

export const letters: readonly string[] = [...'abcdefghijklmnopqrstuvwxyz'];

export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  constructor(readonly tokens: readonly string[]) {
    this.#ids = new Map(tokens.map((token, id) => [token, id]));
  }

  id(token: string): number {
    const id = this.#ids.get(token);
    if (id === undefined) throw new Error(`vocabulary: no token ${JSON.stringify(token)}`);
    return id;
  }

  ids(tokens: readonly string[]): number[] {
    return tokens.map((token) => this.id(token));
  }
}

/** The characters of a learner's text, which must be of `known` and from `least` to `most` of them; spaces do not count. */
export function charactersOf(
  text: string,
  known: readonly string[],
  least: number,
  most: number,
): string[] {
  const characters = [...text.toLowerCase()].filter((character) => character.trim() !== '');
  const unknown = [...new Set(characters.filter((character) => !known.includes(character)))];
  if (unknown.length > 0) {
    const names = unknown.slice(0, 5).join(' ');
    throw new InputProblem({
      en: `This model does not know ${names}: it knows ${known.join(' ')}`,
      zh: `这个模型不认识 ${names}，它只认识 ${known.join(' ')}`,
    });
  }
  if (characters.length < least || characters.length > most) {
    throw new InputProblem({
      en: `Type ${least} to ${most} characters; these are ${characters.length}.`,
      zh: `请输入 ${least} 到 ${most} 个字符；现在有 ${characters.length} 个。`,
    });
  }
  return characters;
}
