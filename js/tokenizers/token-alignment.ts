// Finds which words and which stretch of the text a tokenizer's tokens stand for. The library gives tokens only, so the
// steps of its pipeline are run again with positions; where that does not give the same tokens, nothing is claimed.
import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Encoding } from '../core/types.js';

type Alignment = Pick<Encoding, 'specialTokens' | 'words' | 'offsets'>;
type Piece = { token: string; word: number; start: number; end: number };

/** A word as a pre-tokenizer gives it, and where in its text each UTF-16 unit of it comes from. */
export interface TracedWord {
  text: string;
  sources: readonly (readonly [start: number, end: number])[];
}

// Private-use characters: no vocabulary has them, so they show where a text stands between the added tokens.
const firstText = '\ue000first';
const secondText = '\ue000second';

/** Which tokens the post-processor added, and the word and offsets of all others. */
export function alignTokens(
  tokenizer: HuggingFaceTokenizer,
  text: string,
  pair: string | undefined,
  tokens: readonly string[],
): Alignment {
  const texts = pair ? [text, pair] : [text];
  const alignment: Alignment = {
    specialTokens: tokens.map(() => true),
    words: tokens.map(() => null),
    offsets: tokens.map(() => null),
  };
  let at = 0;
  for (const slot of template(tokenizer, texts.length)) {
    const source = slot === firstText ? texts[0] : slot === secondText ? texts[1] : undefined;
    if (source === undefined) {
      at += 1;
      continue;
    }
    const own = tokenizer.tokenize(source);
    const pieces = alignText(tokenizer, source);
    const trusted =
      pieces.length === own.length && pieces.every((piece, index) => piece.token === own[index]);
    for (let index = 0; index < own.length; ++index) {
      alignment.specialTokens[at + index] = false;
      if (!trusted) continue;
      const { word, start, end } = pieces[index]!;
      alignment.words[at + index] = word;
      if (start < end) alignment.offsets[at + index] = [start, end]; // a space that was put before the text is nowhere in it
    }
    at += own.length;
  }
  return alignment;
}

/** The post-processor's order, as in [CLS] first [SEP] second [SEP]. */
function template(tokenizer: HuggingFaceTokenizer, texts: number): string[] {
  const pair = texts === 2 ? [secondText] : null;
  const process = tokenizer.post_processor as
    | ((first: string[], second: string[] | null, addSpecial: boolean) => { tokens: string[] })
    | null;
  return process ? process([firstText], pair, true).tokens : [firstText, ...(pair ?? [])];
}

function alignText(tokenizer: HuggingFaceTokenizer, text: string): Piece[] {
  const pieces: Piece[] = [];
  const added = [...tokenizer.get_added_tokens_decoder().values()]
    .map((token) => token.content)
    .filter(Boolean);
  added.sort((a, b) => b.length - a.length);
  let words = 0;
  let start = 0;
  const flush = (end: number): void => {
    const found = alignSection(tokenizer, text.slice(start, end), start, words);
    pieces.push(...found);
    words = (found.at(-1)?.word ?? words - 1) + 1;
  };
  for (let at = 0; at < text.length;) {
    const token = added.find((content) => text.startsWith(content, at));
    if (token === undefined) {
      at += 1;
      continue;
    }
    flush(at);
    pieces.push({ token, word: words, start: at, end: at + token.length });
    words += 1;
    start = at += token.length;
  }
  flush(text.length);
  return pieces;
}

/** A stretch of text without added tokens; [] where the tokenizer's steps cannot be followed. */
function alignSection(
  tokenizer: HuggingFaceTokenizer,
  text: string,
  offset: number,
  firstWord: number,
): Piece[] {
  const { model } = tokenizer as unknown as Steps;
  const pieces: Piece[] = [];
  let word = firstWord;
  for (const { text: own, sources } of tracedWords(tokenizer, text)) {
    let from = 0;
    for (const token of model([own])) {
      if (from > 0 && token.startsWith('▁')) word += 1;
      const prefix = from > 0 ? (model.config?.continuing_subword_prefix ?? '##') : '';
      const known = token.startsWith(prefix) && own.startsWith(token.slice(prefix.length), from);
      const to = known ? from + token.length - prefix.length : own.length; // an unknown token stands for the whole word
      if (to <= from) return [];
      const first = token.startsWith('▁') && to - from > 1 ? from + 1 : from;
      pieces.push({
        token,
        word,
        start: offset + sources[first]![0],
        end: offset + sources[to - 1]![1],
      });
      from = to;
    }
    word += 1;
  }
  return pieces;
}

/** The pre-tokenizer's words: as it says where they come from, or by normalising each character of the text alone. */
function tracedWords(tokenizer: HuggingFaceTokenizer, text: string): readonly TracedWord[] {
  const { normalizer, pre_tokenizer: split } = tokenizer as unknown as Steps;
  if (split?.trace) return split.trace(text);
  let normal = '';
  const sources: [number, number][] = []; // of each UTF-16 unit of the normalised text
  let at = 0;
  for (const character of text) {
    const changed = normalizer ? normalizer(character) : character;
    for (let unit = 0; unit < changed.length; ++unit) sources.push([at, at + character.length]);
    normal += changed;
    at += character.length;
  }
  const words: TracedWord[] = [];
  let cursor = 0;
  for (const word of split ? split(normal, { section_index: 0 }) : [normal]) {
    const found = normal.indexOf(word, cursor);
    if (found < 0 || word.length === 0) return [];
    cursor = found + word.length;
    words.push({ text: word, sources: sources.slice(found, cursor) });
  }
  return words;
}

/** The library's steps are callable objects, which its types leave unsaid. */
interface Steps {
  normalizer: ((text: string) => string) | null;
  pre_tokenizer:
    | (((text: string, options: { section_index: number }) => string[]) & {
        trace?(text: string): readonly TracedWord[];
      })
    | null;
  model: ((words: string[]) => string[]) & { config?: { continuing_subword_prefix?: string } };
}
