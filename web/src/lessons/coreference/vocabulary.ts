// Every word that a sentence can hold, sorted: the tokenizer's vocabulary after the special tokens.
import {
  attached,
  closings,
  degrees,
  determiners,
  fillers,
  frames,
  links,
  names,
  nouns,
  openings,
  places,
  plain,
  verbs,
} from './lexicon.ts';

const fixed =
  "the a an my his her this that these those our some it they he she because since as . , ; ? ! ' t so not was were is are " +
  'wasn weren didn couldn can does would could who what by no very really too saw found bought liked and';

/** [CLS] and [SEP] are two of them. */
export const mostTokens = 64;

export const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

export function words(): string[] {
  const texts = [
    fixed,
    ...places,
    ...Object.keys(names),
    ...plain,
    ...determiners,
    ...degrees,
    ...Object.values(nouns).flatMap((kind) =>
      Object.entries(kind).flatMap(([one, many]) => [one, many ?? '']),
    ),
    ...frames.flatMap(({ auxiliaries, verb, passive, ofSubject, ofObject }) => [
      ...auxiliaries,
      verb,
      passive ?? '',
      ...ofSubject,
      ...ofObject,
    ]),
    ...openings,
    ...closings,
    ...fillers,
    ...attached,
    ...links,
    ...Object.values(verbs).flatMap(({ singular, plural, openings: before, endings }) => [
      singular,
      plural,
      ...before,
      ...endings,
    ]),
  ];
  const all = texts
    .flatMap((text) => text.split(' '))
    .filter((word) => word && !word.startsWith('{'));
  return [...new Set(all)].sort();
}
