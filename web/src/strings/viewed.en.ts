// Every word about encoder–decoders and models of pictures in English. The type of this object is what every other language must fill.

export const en = {
  pair: {
    source: 'Read',
    target: 'Written',
    write: 'Let the model write',
    writing: 'Writing…',
    hint: 'Above what the encoder reads, below what the decoder has written: change either, and everything follows.',
    ids: 'This folder has no tokenizer: words are ids, with spaces between.',
    noWords: 'This model has no output words: type what its decoder reads.',
    rows: 'Rows are words as they are written, columns words that were read.',
  },
  picture: {
    heading: 'Picture',
    open: 'Open a picture…',
    opened: (name: string) => `Open now: ${name}. Draw, and the drawing takes its place.`,
    hint: 'It stays on this machine. The model reads it resized and normalised, as its preprocessor_config.json says.',
    draw: 'Or draw, with a finger or the mouse.',
    looks: (place: string) => `The picture as the model sees it, shaded by where ${place} looks`,
    note: (place: string, most: string, onClass: string) =>
      `Where ${place} looks: the strongest shade is ${most}; ${onClass} stay on [CLS], the place the answer is read from. Point at a patch to see where it looks, click to keep it.`,
  },
  answers: {
    picture: 'What it sees',
    next: (word: string) => `What it expects after “${word}”`,
  },
  heads: 'Click a head to see it large. Untick it to switch it off: what it fetches becomes zero.',
};

export type ViewedStrings = typeof en;
