// Every word about encoder–decoders and models of pictures in English. The type of this object is what every other language must fill.

export const en = {
  pair: {
    source: 'Read',
    target: 'Written',
    write: 'Let the model write',
    writing: 'Writing…',
    hint: 'Above what the encoder reads, below what the decoder has written: change either, and everything follows.',
    begin: '▸ is what the decoder begins with.',
    languages: (codes: readonly string[], count: number) =>
      `A text begins with the language to write: ${codes.join(', ')}${count > codes.length ? `, … (${count} in all)` : ''}.`,
    ids: 'This folder has no tokenizer: words are ids, with spaces between.',
    bridge: 'Point at a word above to see where it looks while it is written, click to keep it.',
    noWords: 'This model has no output words: type what its decoder reads.',
  },
  picture: {
    changes: (place: string) =>
      `How the edits change where ${place} looks: orange more, purple less; the strongest change is the deepest.`,
    heading: 'Picture',
    open: 'Open a picture…',
    opened: (name: string) => `Open now: ${name}. Draw, and the drawing takes its place.`,
    hint: 'It stays on this machine. The model reads it resized and normalised, as its preprocessor_config.json says.',
    draw: 'Or draw, with a finger or the mouse.',
    looks: (place: string) => `The picture as the model sees it, shaded by where ${place} looks`,
    note: (place: string, most: string, onClass: string) =>
      `Where ${place} looks: the strongest shade is ${most}; ${onClass} stay on [CLS], the place the answer is read from. Point at a patch to see where it looks, click to keep it.`,
  },
};

export type ViewedStrings = typeof en;
