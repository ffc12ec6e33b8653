// The Lab's own words in English: the map, the instruments and the edits. The type of this object is what every other language must fill.

/** What a place of the map is, in one line. Keys are the parts of activation names. */
const parts: Readonly<Record<string, { name: string; text: string }>> = {
  embed: { name: 'embeddings', text: 'The vector that the vocabulary holds for each token.' },
  pos_embed: { name: 'positions', text: 'The vector that is added for each position.' },
  token_type_embed: {
    name: 'token types',
    text: 'The vector that says whether a token is of the first text or of the second.',
  },
  resid_pre: { name: 'into the block', text: 'The residual stream as it enters this block.' },
  resid_mid: {
    name: 'after attention',
    text: 'The residual stream after the attention has been added.',
  },
  resid_cross: {
    name: 'after cross-attention',
    text: 'The residual stream after the cross-attention has been added.',
  },
  resid_post: { name: 'out of the block', text: 'The residual stream as it leaves this block.' },
  norm: { name: 'norm', text: 'The residual stream, normalised for what reads it next.' },
  q: { name: 'queries', text: 'What each token asks for, head by head: W_Q times its vector.' },
  k: { name: 'keys', text: 'What each token can be found by, head by head: W_K times its vector.' },
  v: { name: 'values', text: 'What each token hands over, head by head: W_V times its vector.' },
  q_global: { name: 'global queries', text: 'Queries of the global tokens.' },
  k_global: { name: 'global keys', text: 'Keys that global tokens read.' },
  v_global: { name: 'global values', text: 'Values that global tokens read.' },
  scores: { name: 'scores', text: 'q · k ÷ √d for each pair of tokens, before the mask.' },
  masked_scores: { name: 'masked scores', text: 'The scores after the mask: −∞ where it is shut.' },
  pattern: { name: 'attention weights', text: 'Softmax of each row of masked scores.' },
  z: { name: 'weighted values', text: 'For each head, the weights times the values.' },
  result: { name: 'by head', text: 'What each head adds to the output: W_O times its z.' },
  out: { name: 'output', text: 'What is added to the residual stream.' },
  pre: { name: 'hidden layer', text: 'The first linear layer of the MLP, before its activation.' },
  pre_linear: {
    name: 'gated part',
    text: 'The part of the hidden layer that the gate multiplies.',
  },
  post: { name: 'after activation', text: 'The hidden layer of the MLP after its activation.' },
  final_norm: { name: 'final norm', text: 'The last residual stream, normalised for the head.' },
  logits: { name: 'logits', text: 'One score for every word or class, before softmax.' },
};

export const en = {
  map: {
    heading: 'Map of the model',
    hint: 'Every value that the model computes has its place. Layers and heads are counted from 1.',
    keys: 'Arrow keys move on the map, Enter opens a place.',
    stacks: { '': '', encoder: 'Encoder', decoder: 'Decoder' } as Readonly<Record<string, string>>,
    layer: (layer: number) => `Layer ${layer}`,
    openLayer: (layer: number) => `Layer ${layer}: open`,
    groups: {
      attn: 'attention',
      self_attn: 'self-attention',
      cross_attn: 'cross-attention',
      mlp: 'MLP',
    } as Readonly<Record<string, string>>,
    head: (layer: number, head: number) => `layer ${layer}, head ${head}`,
    headValue: (name: string, what: string, value: string) => `${name}: ${what} ${value}`,
    colour: 'Colour heads by',
    ablation: 'what the answer loses without it',
    plain: 'nothing',
    show: 'Map',
  },
  parts,
  /** A place as a title: `Layer 2 · attention · keys`. */
  title: (...names: readonly string[]) => names.filter((name) => name !== '').join(' · '),
  encoder: 'encoder',
  decoder: 'decoder',

  instrument: {
    label: 'Instrument',
    computing: 'computing…',
    name: 'Its name in the record',
    notRecorded: 'This value is not there yet: it is recorded with the next pass.',
    from: 'Where it comes from',
    shape: (dims: string) => `shape ${dims}`,
  },

  vectors: {
    caption: (rows: number, width: number) => `${rows} rows, ${width} numbers each`,
    binned: (per: string) => `Each stripe shows the number farthest from zero among ${per}.`,
    norm: 'length',
    cell: (word: string, index: number, value: string) => `${word}, number ${index}: ${value}`,
    choose: 'Point at a stripe to read its number; click to see where it comes from.',
    label: 'Vectors, one row for each token. Arrow keys move from number to number.',
    top: 'Largest numbers of',
    index: 'number',
    value: 'value',
    lens: 'Read as words',
    lensHint:
      'The residual stream at this place, sent straight through the final norm and the output words (logit lens).',
    lensAt: (word: string) => `At “${word}”`,
    lensNone: 'Choose a token to read its vector as words.',
    head: 'Head',
  },

  operands: {
    heading: 'Where this number comes from',
    none: 'Click a number to see what it is made of.',
    is: '=',
    sum: 'sum',
    recorded: 'in the record',
    bias: 'bias',
    others: (count: number) => `${count} more terms`,
    agrees: (difference: string) => `Recomputed here; the record differs by ${difference}.`,
    differs: (difference: string) =>
      `Recomputed here; the record differs by ${difference}, because an edit replaced values in between.`,
    weight: 'weight',
    input: 'input',
    term: 'term',
  },

  edit: {
    heading: 'Change it here',
    op: 'Change',
    ops: {
      zero: 'set to zero',
      mean: 'replace by the mean',
      set: 'set to',
      add: 'add',
      scale: 'multiply by',
      block: 'block',
    } as Readonly<Record<string, string>>,
    value: 'Number',
    scope: {
      head: ['this head', 'all heads'],
      query: ['this row', 'all rows'],
      key: ['this column', 'all columns'],
      token: ['this token', 'all tokens'],
      index: ['this number', 'all numbers'],
      layer: ['this layer', 'every layer'],
    } as Readonly<Record<string, readonly [one: string, all: string]>>,
    names: {
      head: 'Head',
      query: 'From',
      key: 'To',
      token: 'Token',
      index: 'Number',
      layer: 'Layer',
    } as Readonly<Record<string, string>>,
    apply: 'Apply',
    needNumber: 'Give a number.',
  },
};

export type MapStrings = typeof en;
