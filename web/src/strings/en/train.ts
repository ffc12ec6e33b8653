// Every word of the training part in English, loaded with that part. The type of this object is what every other language must fill.

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export const en = {
  heading: 'Train a transformer',
  lessons: 'Lesson',
  lookFor: 'Look for',
  goal: (share: string) => `Goal: ${share} of unseen examples right`,

  transport: {
    label: 'Training',
    play: 'Train',
    playFrom: (step: string) => `Train on from step ${step}`,
    pause: 'Pause',
    step: 'One step',
    reset: 'Reset',
    resetHint: 'Back to fresh weights from this seed.',
    stepCount: (step: string) => `step ${step}`,
    speed: (speed: string) => `${speed} steps/s`,
  },

  status: {
    opening: 'Making the model…',
    initial: 'Random weights: nothing is learned yet.',
    shipped: 'The weights that ship with this page.',
    loaded: (name: string) => `The weights of ${name}.`,
    running: 'Training.',
    paused: (step: string) => `Paused at step ${step}.`,
    looking: (step: string, last: string) =>
      `Looking back at step ${step} of ${last}. Training on from here forgets the steps after it.`,
    goal: (step: string, seconds: string, share: string) =>
      `Goal reached after ${step} steps and ${seconds} s of training: ${share} of examples it has never seen are right. Training has paused.`,
    goalAgain: (steps: string, share: string, heads: string) =>
      `Goal reached again ${steps} steps after the change, without ${heads}: ${share} of unseen examples are right.`,
    tookOver: (head: string, before: string, after: string) =>
      `${capital(head)} took over: it looked at the answer with ${before}, now with ${after}.`,
    headOff: (head: string, before: string, after: string) =>
      `${capital(head)} is off: unseen examples right went from ${before} to ${after}. Train on and watch which head takes over.`,
    headOn: (head: string, before: string, after: string) =>
      `${capital(head)} is on again: ${before} → ${after}.`,
    architecture: 'The shape of the model changed, so it began anew with fresh weights.',
    saved: (name: string) => `Saved as ${name}.`,
    copied: 'Link copied.',
  },

  settings: {
    heading: 'Model',
    learningRate: 'learning rate',
    learningRateHint: 'How far each step moves the weights. It may be changed while training runs.',
    shape: 'begins anew:',
    layers: 'layers',
    heads: 'heads',
    width: 'width',
    seed: 'seed',
    shapeHint: 'Another shape or seed begins anew with fresh weights.',
    weights: (count: string) => `${count} weights`,
    start: 'Begin with',
    startFresh: 'fresh random weights',
    startShipped: 'the trained weights of this page',
    defaults: 'The lesson’s own settings',
  },

  curves: {
    heading: 'How well it does',
    loss: 'Loss',
    lossHint: 'average surprise; 0 is certainty',
    accuracy: 'Accuracy',
    accuracyHint: 'answers right',
    batch: 'examples it trains on',
    heldOut: 'examples it never saw',
    summary: (step: string, loss: string, accuracy: string, heldOut: string) =>
      `At step ${step}: loss ${loss}, ${accuracy} of the training examples and ${heldOut} of unseen examples right.`,
    none: 'No step taken yet.',
  },

  timeline: {
    label: 'Scrub through the kept snapshots',
    value: (step: string, last: string) => `step ${step} of ${last}`,
    hint: 'Drag back to see the attention as it was; train on from any point.',
  },

  input: {
    heading: 'Your own input',
    another: 'Another example',
    hint: 'Watch what the model makes of it while it learns.',
  },

  answers: {
    heading: 'What it answers',
    untrained: 'before training',
    now: 'now',
    at: (step: string) => `step ${step}`,
    shipped: 'of this page',
    noShipped: 'No trained weights of this shape are here to compare with.',
    expected: 'right answer',
    right: 'right',
    wrong: 'wrong',
    show: (whose: string) => `${whose}: show its attention`,
  },

  heads: {
    heading: 'Heads',
    label: (site: string, layer: number, head: number, off: boolean) =>
      `${site}, layer ${layer}, head ${head}${off ? ', off' : ''}`,
    on: (site: string, layer: number, head: number) => `${site}, layer ${layer}, head ${head} on`,
    hint: 'Click a head to see it large. Untick it to switch it off, then train on.',
    off: 'off',
    onTarget: (share: string) => `${share} of its weight where the answer is`,
    onTargetHint:
      'The number under a head is the share of its weight that falls where the answer is to be found.',
    importance: 'Which heads matter?',
    importanceHint:
      'Switches each head off in turn and counts the unseen examples that are still right.',
    without: (share: string) => `without: ${share}`,
  },

  attention: {
    heading: 'What it looks at',
    whose: {
      now: 'the model in training',
      shipped: 'the weights of this page',
      untrained: 'the model before training',
    },
    cells: (label: string) =>
      `Attention weights, ${label}. Rows look at columns. Arrow keys move the cell, Escape clears it.`,
    table: (label: string) =>
      `${label}: each row is a token that looks, each column one it looks at`,
    rowsOutput: 'Rows are characters of the answer, columns characters of the input.',
    off: 'This head is off: what it fetches is replaced by zeros.',
    random: 'random weights',
    pictureNote: (place: string, most: string) =>
      `Where ${place} looks; the strongest shade is ${most}. [CLS] is the place the answer is read from. Choose a row below to see what a patch looks at.`,
    picture: (label: string) => `The drawing, shaded by where ${label} looks`,
  },

  drawing: {
    hint: 'Draw with a finger or the mouse, or take a drawn example.',
    canvas:
      'Drawing area. With the keyboard: arrow keys move the pen, Space puts it down and lifts it.',
    clear: 'Clear',
    down: 'pen down',
    up: 'pen up',
  },

  failure: {
    heading: 'Training stopped',
    nonFinite: (step: string) =>
      `At step ${step} the loss was no longer a number. The steps were so long that the weights grew beyond what a float can hold; from then on everything would be NaN.`,
    next: 'What to do',
    nonFiniteNext: 'Lower the learning rate and go back to the last good snapshot, or reset.',
    back: (step: string, rate: string) => `Back to step ${step} with learning rate ${rate}`,
    other: 'Reset, or choose another lesson. If it fails again, reload the page.',
    file: 'This file is no model of this lesson.',
    fileNext:
      'Choose a .zip that this page saved, or the config.json and model.safetensors out of it.',
  },

  keep: {
    heading: 'Keep it',
    save: 'Save the model',
    saveHint:
      'A .zip in Hugging Face’s layout, with lesson.json: it can be loaded here, opened in Explore, or read by the package.',
    load: 'Load a saved model…',
    link: 'Copy link',
    linkHint: 'Lesson, seed, settings and your input. Whoever opens it trains the very same run.',
    copyFailed: 'The browser refused the clipboard. Copy it from here:',
  },
};

export type TrainingStrings = typeof en;
