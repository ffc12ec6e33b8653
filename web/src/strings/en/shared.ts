// What every room says, in English. The type of this object is what every other language must fill.

export const en = {
  title: 'Attention Lab — see and edit what a transformer attends to',
  brand: 'Attention Lab',
  skip: 'Skip to the content',
  language: 'Language',
  models: 'Models',
  theme: { label: 'Colours', system: 'system', light: 'light', dark: 'dark' },

  rooms: {
    label: 'Rooms',
    learn: 'Learn',
    train: 'Train',
    lab: 'Lab',
    opening: 'Opening…',
    failed: 'This part of the page could not be loaded. Check the network and reload the page.',
  },

  /** Attentions and heads by name. */
  places: {
    kinds: { encoder: 'encoder', decoder: 'decoder', cross: 'cross-attention' },
    sites: {
      self: 'self-attention',
      encoder: 'encoder: input attends to input',
      decoder: 'decoder: output attends to output',
      cross: 'cross-attention: output attends to input',
    },
    name: (layer: number, head: number) => `layer ${layer} head ${head}`,
    inKind: (kind: string, layer: number, head: number) => `${kind}, layer ${layer}, head ${head}`,
    layer: (layer: number) => `L${layer}`,
    label: (layer: number, head: number) => `Layer ${layer}, head ${head}`,
    masked: 'masked: may not attend',
    heading: 'Attention weights',
  },

  /** Attention in a sentence. */
  attention: {
    looksAt: 'attends to',
    itself: 'itself',
    all: 'all tokens',
    tokens: 'Words of the sentence. Left and right arrow keys choose which one attends.',
    tokenLabel: (word: string, share: string | null) =>
      share === null ? word : `${word}, attended to with ${share}`,
  },

  footer: {
    offline: 'works offline',
    local: 'nothing leaves this page',
  },
};

export type SharedStrings = typeof en;
