// Every word about encoder–decoders and models of pictures in English. The type of this object is what every other language must fill.

export const en = {
  pair: {
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
  },
  picture: {
    changes: (place: string) =>
      `How the edits change what ${place} attends to: orange more, purple less; the strongest change is the deepest.`,
    heading: 'Picture',
    open: 'Open a picture…',
    opened: (name: string) => `Open now: ${name}. Draw, and the drawing takes its place.`,
    hint: 'It stays on this machine. The model reads it resized and normalised, as its preprocessor_config.json says.',
    draw: 'Or draw, with a finger or the mouse.',
    looks: (place: string) =>
      `The picture as the model sees it, shaded by what ${place} attends to`,
    note: (place: string, most: string, onClass: string) =>
      `What ${place} attends to: the strongest shade is ${most}; ${onClass} stay on [CLS], the place the answer is read from. Point at a patch to see what it attends to, click to keep it.`,
  },
};

export type ViewedStrings = typeof en;
