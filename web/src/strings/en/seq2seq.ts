// Every word about sequence-to-sequence models in English. The type of this object is what every other language must fill.

export const en = {
  source: 'Input',
  target: 'Output',
  write: 'Generate',
  writing: 'Writing…',
  hint: 'Above what the encoder reads, below what the decoder has written: change either, and everything follows.',
  truncated: (read: number, written: number) =>
    `The model has no positions beyond ${read} tokens of input and ${written} of output: what is further on is left out.`,
  begin: '▸ is what the decoder begins with.',
  languages: (codes: readonly string[], count: number) =>
    `A text begins with the language to write: ${codes.join(', ')}${count > codes.length ? `, … (${count} in all)` : ''}.`,
  ids: 'This folder has no tokenizer: words are ids, with spaces between.',
  bridge:
    'The input is above, the output below. Lines run from each output token up to the input that it attends to while it is written. Point at an output token to see its own, click to keep it.',
  noWords: 'This model has no output words: type what its decoder reads.',
};

export type Seq2SeqStrings = typeof en;
