// Every word of the training part in English, loaded with that part. The type of this object is what every other language must fill.

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export const en = {
  heading: 'Train a transformer',
  lessons: 'Lesson',
  close: 'Close',

  about: {
    heading: 'About this lesson',
    watch: 'Try this:',
    goal: (accuracy: string, steps: string) =>
      `Goal: ${accuracy} of unseen examples correct, usually after about ${steps} steps.`,
  },

  transport: {
    label: 'Training',
    play: 'Train',
    playFrom: (step: string) => `Train from step ${step}`,
    pause: 'Pause',
    step: 'Step',
    replay: 'Replay',
    replayHint: 'Show the attention forming once more, from the first step to the last.',
    reset: 'Reset',
    resetHint: 'Back to the initial weights of this seed.',
    slow: 'Slow motion',
    slowHint: 'Slows training down so that you can watch. What is learned stays the same.',
    stepCount: (step: string) => `step ${step}`,
    speed: (speed: string) => `${speed} steps/s`,
  },

  status: {
    opening: 'Building the model…',
    initial: 'Random initial weights: nothing is learned yet.',
    shipped: 'Pretrained weights.',
    loaded: (name: string) => `Weights loaded from ${name}.`,
    running: 'Training.',
    replaying: 'Replaying the training from its first step.',
    paused: (step: string) => `Paused at step ${step}.`,
    looking: (step: string, last: string) =>
      `Showing step ${step} of ${last}. Training on from here discards the later steps.`,
    goal: (step: string, seconds: string, accuracy: string) =>
      `Goal reached after ${step} steps and ${seconds} s of computing: ${accuracy} of unseen examples are correct.`,
    goalAgain: (steps: string, accuracy: string, heads: string) =>
      `Goal reached again ${steps} steps after the change, without ${heads}: ${accuracy} of unseen examples are correct.`,
    tookOver: (head: string, before: string, after: string) =>
      `${capital(head)} took over: its attention on the answer rose from ${before} to ${after}.`,
    headOff: (head: string, before: string, after: string) =>
      `${capital(head)} is off: accuracy on unseen examples went from ${before} to ${after}. Train on and watch which head takes over.`,
    headOn: (head: string, before: string, after: string) =>
      `${capital(head)} is on again: ${before} → ${after}.`,
    architecture: 'The model has another shape now, so training restarts from initial weights.',
    saved: (name: string) => `Saved as ${name}.`,
    copied: 'Link copied.',
  },

  next: {
    heading: 'What to try next',
    ablate: (head: string) => `Switch ${head} off`,
    restore: 'Switch it on again',
    trainOn: 'Train on without it',
    seed: 'Try another seed',
    lesson: (title: string) => `Next: ${title}`,
  },

  settings: {
    heading: 'Settings',
    learningRate: 'Learning rate',
    learningRateHint: 'How far each step moves the weights. You can change it while training runs.',
    shape: 'Restarts training',
    layers: 'Layers',
    heads: 'Heads per layer',
    width: 'Width',
    seed: 'Seed',
    weights: (count: string) => `${count} weights`,
    start: 'Start from',
    startInitial: 'initial weights',
    startShipped: 'pretrained weights',
    defaults: 'Restore the lesson’s settings',
  },

  curves: {
    heading: 'Progress',
    loss: 'Loss',
    lossHint: 'average surprise at the answer; 0 is certainty',
    accuracy: 'Accuracy',
    batch: 'training',
    batchHint: 'On the examples of each training step.',
    heldOut: 'unseen',
    heldOutHint: 'On examples that it never trains on.',
    summary: (step: string, loss: string, accuracy: string, heldOut: string) =>
      `At step ${step}: loss ${loss}; correct are ${accuracy} of the training examples and ${heldOut} of unseen ones.`,
    none: 'No steps yet.',
    empty: 'Starts with the first step',
  },

  timeline: {
    label: 'Saved steps',
    value: (step: string, last: string) => `step ${step} of ${last}`,
    hint: 'Drag back to see the attention as it was; train on from any point.',
  },

  input: {
    heading: 'Your own input',
    another: 'Another example',
    hint: 'See what the model makes of it as it learns.',
  },

  answers: {
    heading: 'Its answer',
    untrained: 'before training',
    now: 'now',
    at: (step: string) => `step ${step}`,
    shipped: 'pretrained',
    noShipped: 'There are no pretrained weights of this shape to compare with.',
    expected: 'correct answer',
    correct: 'correct',
    wrong: 'wrong',
    show: (whose: string) => `${whose}: show its attention`,
  },

  heads: {
    heading: 'Heads',
    label: (site: string, layer: number, head: number, off: boolean) =>
      `${site}, layer ${layer}, head ${head}${off ? ', off' : ''}`,
    on: (site: string, layer: number, head: number) => `${site}, layer ${layer}, head ${head} on`,
    follow: 'Follow the strongest',
    following: '✓ Following the strongest',
    followHint:
      'Shows the head with most attention on the answer, whichever that is at the moment. Choosing a head stops this.',
    off: 'off',
    onTarget: (share: string) => `${share} of its attention on the answer`,
    onTargetHint: 'How much of the head’s attention falls where the answer is to be found.',
    importance: 'Which matter?',
    importanceHint:
      'Switches each head off in turn and measures the accuracy on unseen examples without it.',
    without: (share: string) => `${share} without`,
  },

  attention: {
    heading: 'Attention',
    views: 'Show attention as',
    arcs: 'Arcs',
    weights: 'Weights',
    rows: 'from (query) ↓',
    columns: 'to (key) →',
    onTarget: 'attention on the answer',
    attendsTo: 'attends to',
    spread: 'spreads its attention evenly',
    hint: 'Choose a token to see what it attends to.',
    hintTargets:
      'Green frames mark where the answer is to be found. Choose a cell to read its weight.',
    whose: {
      now: 'the model in training',
      shipped: 'the pretrained model',
      untrained: 'the model before training',
    },
    cells: (label: string) =>
      `Attention weights, ${label}. Rows attend to columns. Arrow keys move the cell, Escape clears it.`,
    off: 'This head is off: zeros stand in for its output.',
    random: 'random weights',
  },

  drawing: {
    mode: 'What the pointer does',
    draw: 'Draw',
    ask: 'Choose a patch',
    hint: 'The shade is the attention of [CLS], the token that the answer is read from.',
    askHint: 'The shade is the attention of the framed patch.',
    /** Of the pad that the Lab shows, too. */
    canvas:
      'Drawing area. With the keyboard: arrow keys move the pen, Space puts it down and lifts it.',
    shaded: (head: string, keys: string) =>
      `The drawing, shaded by the attention of ${head}. ${keys}`,
    drawKeys: 'Arrow keys move the pen, Space puts it down and lifts it.',
    askKeys: 'Arrow keys choose a patch, Home the [CLS] token.',
    clear: 'Clear',
    down: 'pen down',
    up: 'pen up',
  },

  failure: {
    heading: 'Training stopped',
    nonFinite: (step: string) =>
      `At step ${step} the loss was no longer a number: the steps were so large that the weights overflowed, and everything computed from them is NaN.`,
    next: 'What to do',
    nonFiniteNext: 'Lower the learning rate and go back to the last good step, or reset.',
    back: (step: string, rate: string) => `Back to step ${step} with learning rate ${rate}`,
    other: 'Reset, or choose another lesson. If it fails again, reload the page.',
    file: 'This file is not a model of this lesson.',
    fileNext:
      'Choose a .zip that this page saved, or the config.json and model.safetensors inside it.',
    details: 'Details',
  },

  save: {
    heading: 'Save and share',
    clipHeading: 'A clip of the attention forming',
    clip: 'Save clip',
    clipHint: 'Replays the training and saves it as a video of a few seconds.',
    clipEmpty: 'Train first: the clip replays the training.',
    clipNone:
      'This browser cannot record video. Chrome, Edge, Firefox and Safari 14.1 or newer can.',
    recording: 'Recording the replay…',
    saved: 'Clip saved.',
    stopped: 'The replay was stopped, so no clip was saved.',
    modelHeading: 'The model',
    model: 'Save the model',
    modelHint:
      'A .zip in Hugging Face’s layout: load it here, open it in the Lab, or read it with the package.',
    load: 'Load a saved model…',
    linkHeading: 'A link to this run',
    link: 'Copy link',
    linkHint: 'Lesson, seed, settings and your input. Whoever opens it trains the very same run.',
    copyFailed: 'The browser did not allow copying. Copy it from here:',
  },
};

export type TrainingStrings = typeof en;
