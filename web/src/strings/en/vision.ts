// Every word about models of pictures in English. The type of this object is what every other language must fill.

export const en = {
  changes: (place: string) =>
    `How the edits change what ${place} attends to: orange more, purple less; the strongest change is the deepest.`,
  heading: 'Picture',
  open: 'Open a picture…',
  opened: (name: string) => `Open now: ${name}. Draw, and the drawing takes its place.`,
  hint: 'It stays on this machine. The model reads it resized and normalised, as its preprocessor_config.json says.',
  draw: 'Or draw, with a finger or the mouse.',
  looks: (place: string) => `The picture as the model sees it, shaded by what ${place} attends to`,
  note: (place: string, most: string, onClass: string) =>
    `What ${place} attends to: the strongest shade is ${most}; ${onClass} stay on [CLS], the place the answer is read from. Point at a patch to see what it attends to, click to keep it.`,
};

export type VisionStrings = typeof en;
