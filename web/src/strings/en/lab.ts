// Every word of the Lab in English. The type of this object is what every other language must fill.

import type { ListingName } from 'attention-lab';

type ListingChoice = ListingName | 'fused_encoder';

/** A title, within a sentence. */
const inline = (title: string) => title.charAt(0).toLowerCase() + title.slice(1);

export const en = {
  skipToInput: 'Skip to the input',
  skipToHeatmap: 'Skip to the attention weights',
  loading: (file: string, share: string) => `Loading ${file} ${share}`,
  starting: 'Starting WebAssembly…',
  modelSummary: (layers: number, heads: number, weights: string) =>
    `${layers} ${layers === 1 ? 'layer' : 'layers'} × ${heads} ${heads === 1 ? 'head' : 'heads'}, ${weights} weights`,

  sentence: {
    label: 'Sentence',
    hint: (mask: string | null) =>
      `Type anything: every view follows each keystroke.${mask === null ? '' : ` ${mask} stands for a word that the model fills in.`}`,
    examples: 'Examples',
    lookFor: 'Try this',
    show: 'Show me',
    showBack: 'Change it back',
    swap: (from: string, to: string) => `change “${from}” to “${to}”`,
    maskWord: (word: string, mask: string) => `Replace “${word}” by ${mask}`,
    unknown: (words: string) =>
      `Not in the vocabulary: ${words}. The model reads an unknown token instead.`,
    knows: (count: number) => `Vocabulary (${count} words)`,
    truncated: (max: number) =>
      `Only the first ${max} tokens are shown: the model has no positions beyond them.`,
    pinned: (text: string) => `“Before” is the sentence “${text}”`,
    unpin: 'Stop comparing',
    pin: 'Compare with this sentence',
    addPair: 'Add a second text',
    pair: 'Second text',
    dropPair: 'Remove the second text',
    global: (word: string) => `Make “${word}” a global token`,
    notGlobal: (word: string) => `“${word}” is a global token: make it an ordinary one`,
  },

  arcs: {
    heading: 'Who attends to whom',
    changes: 'attends more or less to',
    points: (difference: string) => `${difference} percentage points`,
    spread: 'all words, evenly',
    unchanged: 'nothing by 5 percentage points or more',
    guide:
      'Arcs above reach back, arcs below reach ahead; thickness and shade are the weight. Point at a word to isolate it, click to keep it.',
    guideTouch:
      'Arcs to the left reach back, arcs to the right reach ahead; thickness and shade are the weight. Tap a word to keep it.',
    computing: 'computing…',
    off: 'This head is switched off: nothing of this reaches the output.',
  },

  prediction: {
    title: 'Prediction',
    heading: 'Prediction for',
    headingAt: (word: string) => `Prediction at “${word}”`,
    noMask: (mask: string) => `No ${mask} in the text.`,
    choose: 'Choose a word to see what the model predicts there.',
    next: (word: string) => `Next word after “${word}”`,
    picture: 'Prediction',
    none: 'This model gives vectors, not words.',
    ofText: 'Class of the text',
    notShown: 'What this model answers is not shown here; its attention is.',
    own: 'Another answer',
    ownHint: 'A word of your own: why not this one?',
    ownUnknown: 'No single token of the vocabulary.',
    ownRank: (word: string, rank: number, logits: string) =>
      `“${word}” is number ${rank}; its logit is ${logits} below the first.`,
    ownFirst: (word: string) => `“${word}” is the first.`,
    ownClear: 'Drop it',
    before: 'before',
    after: 'after',
    change: 'change',
  },

  heads: {
    heading: 'Heads',
    scored: (title: string, score: string, name: string) => `${title}: ${name} ${score}`,
    head: (head: number) => `H${head}`,
    off: 'off',
    sort: 'Order',
    byPlace: 'by layer and head',
    byScore: 'by score',
    score: 'Score',
    measures: {
      entropy: 'entropy',
      entropyBits: 'entropy, in bits',
      previousToken: 'previous token',
      nextToken: 'next token',
      firstToken: 'first token (sink)',
      sameToken: 'same token',
      induction: 'induction',
      distance: 'distance, in tokens',
      weightNorm: 'weight × ‖v‖',
    },
    explain: {
      entropy:
        'Mean entropy of the rows over the largest possible: 0 attends to one word, 1 to all alike.',
      entropyBits:
        'Mean entropy of the rows: 3 bits are as much choice as between eight equal words.',
      previousToken: 'Mean weight on the word just before.',
      nextToken: 'Mean weight on the word just after, of words that may attend to it.',
      firstToken:
        'Mean weight on the first token. Heads with nothing to do park their weight there: an attention sink, not a meaning.',
      sameToken:
        'Mean weight on other tokens equal to the one that attends; of words that stand there more than once.',
      induction:
        'Mean weight on what came after an earlier copy of the word that attends: the step by which a model continues a pattern it has seen (Olsson et al. 2022).',
      distance: 'How far away a row attends on average, in tokens.',
      weightNorm:
        'Mean length of what the head adds: each weight times its value vector, carried through the output projection (Kobayashi et al. 2020). A large weight on a short vector moves little.',
    },
    explained: 'What the scores mean',
    counted:
      'Means over the rows of words; special tokens count as keys, not as queries. – : no word here has one.',
    keys: 'Arrow keys choose a head.',
  },

  heatmap: {
    rows: 'from (query) ↓',
    columns: 'to (key) →',
    label: (title: string) =>
      `Attention weights of ${inline(title)}. Rows attend to columns. Arrow keys move the cell, Escape clears it.`,
    written: 'Rows: the output, word by word as it is written. Columns: the input that was read.',
    legends: {
      fixed: 'weight, the same 0–1 scale for every head',
      head: 'weight, up to the largest of this head',
      root: 'weight, colours by its square root',
    },
    legendDifference: 'after − before',
    masked: 'masked: may not attend',
    overview: 'The whole matrix; the frame is the part in view.',
    stretch: 'Colours',
    stretches: { fixed: '0 to 1', head: 'up to the largest', root: 'square root' },
    forbid: 'Block',
    allow: 'Unblock',
    table: 'As a table',
    tableCaption: (title: string) =>
      `${title}: each row is a word that attends, each column a word it attends to`,
    show: 'Show',
    after: 'after',
    before: 'before',
    difference: 'difference',
    mergeWords: 'merge subwords',
    hideSink: (token: string, isSpecial: boolean) =>
      isSpecial ? `Ignore ${token}` : `Ignore the first token, “${token}”`,
    renormalised: (token: string) =>
      `${token} is left out and each row scaled up to its old total: these are not the weights the model used.`,
    sinkNote: (token: string, share: string) =>
      `${share} of this head’s weight rests on ${token}: a sink. A head must put its weight somewhere, and puts it here when it has nothing to fetch.`,
    lengthsDiffer: 'The two sentences differ in length: no difference can be drawn.',
    summary: (query: string, parts: string) => `${query} attends to ${parts}`,
  },

  arithmetic: {
    heading: 'Why this weight',
    prompt: 'Choose a cell, or a word, to see the arithmetic behind its weight.',
    merged: 'The arithmetic is of single tokens: switch “merge subwords” off to see it.',
    query: 'query of',
    key: 'key of',
    value: 'value of',
    products: 'products q·k, one per dimension',
    dimension: (i: number, q: string, k: string, product: string) =>
      `dimension ${i}: ${q} × ${k} = ${product}`,
    numbers: 'The numbers',
    dimensionName: 'dimension',
    overDimensions: 'Point at a bar to see its numbers.',
    sum: 'sum of the products',
    divide: (divisor: string) => `÷ ${divisor}`,
    temperature: '÷ temperature',
    mask: '+ mask',
    open: 'may attend: + 0',
    closed: 'blocked: −∞',
    softmaxOver: 'softmax over the row',
    others: (count: number) => `${count} others`,
    total: 'total',
    score: 'score',
    exp: (largest: string) => `e^(score − ${largest})`,
    weight: 'weight',
    adds: (key: string, query: string) => `what “${key}” adds to z of “${query}”`,
    allOf: (query: string) => `z of “${query}”: the sum over all words`,
    agrees: (difference: string) =>
      `Recomputed here from the numbers shown; WebAssembly’s differ by at most ${difference}.`,
    edited:
      'An edit replaces values of this head after this arithmetic: what the model went on with is not what is computed here.',
    switchedOff:
      'This head is switched off: its z is replaced by zeros, so nothing of this reaches the output.',
    notExplanation:
      'A weight says how much of a value was fetched, not why the model answered as it did: attention weights are not an explanation.',
  },

  controls: {
    heading: 'Change it',
    temperature: 'temperature',
    temperatureHint: 'Below 1 sharpens every row, above 1 flattens it.',
    causal: 'causal',
    causalHint: 'No word may attend to those after it.',
    causalDecoder: 'No word of the output may attend to those after it.',
    headHint: 'Off: what this head would add becomes zero.',
    on: 'on',
    offWord: 'off',
    editMask: 'edit the mask',
    editMaskHint:
      'Click cells of the map (or press Enter) to block and unblock them, in every layer and head.',
    editMaskOf: (kind: string) =>
      `Click cells of the map (or press Enter) to block and unblock them, in every layer and head of the ${kind}.`,
    modified: (count: number) => `modified: ${count} ${count === 1 ? 'edit' : 'edits'}`,
    unmodified: 'No edits',
    presets: 'Presets',
    preset: {
      none: 'Choose a preset…',
      later: 'Causal mask',
      band: 'Band: near words only',
      padding: 'Last word as padding',
      token: 'Block the chosen word',
      noScale: 'Without ÷ √d',
      noPositions: 'Without positions',
    },
    undo: 'Undo',
    redo: 'Redo',
    reset: 'Reset',
  },

  edits: {
    temperature: (value: string) => `temperature ${value}`,
    causal: 'no word may attend ahead',
    notCausal: 'words may attend ahead',
    headOff: (name: string) => `${name} off`,
    blocked: (query: string, key: string) => `“${query}” → “${key}” blocked`,
    within: (edit: string, kind: string) => `${edit} (${kind})`,
    rules: {
      band: (value: number) => `only words at most ${value} apart`,
      padding: (value: number) => `the last ${value} as padding`,
      token: (_: number, word: string) => `nobody attends to “${word}”`,
      later: () => 'no word attends ahead',
    },
    noScale: 'scores not divided by √d',
    noPositions: 'positions taken away',
    at: (place: string, where: string, op: string) => [place, where, op].filter(Boolean).join(', '),
    where: {
      head: (n: number) => `head ${n}`,
      query: (word: string) => `from “${word}”`,
      key: (word: string) => `to “${word}”`,
      index: (n: number) => `number ${n}`,
    },
    remove: (edit: string) => `Take back: ${edit}`,
  },

  outputs: {
    heading: 'What comes out',
    hidden: 'Last hidden state',
    hiddenNote: (width: number) => `One row per token, ${width} numbers each`,
    hiddenLabel: (word: string, dimension: number, value: string) =>
      `${word}, dimension ${dimension}: ${value}`,
    hiddenDifference: 'Change of the last hidden state',
    largest: (value: string) => `largest change ${value}`,
    logits: (word: string) => `Logits at “${word}”`,
    logitsNote: 'One score per word of the vocabulary, before softmax',
    classesNote: 'One score per class, before softmax',
    class: 'class',
    logit: 'logit',
    word: 'word',
    probability: 'probability',
  },

  causes: {
    heading: 'What the answer depends on',
    intro: (word: string, share: string) =>
      `“${word}” has ${share}. Each change below is made alone, and the model runs again.`,
    none: 'A question needs an answer: choose a word, in a model that predicts words.',
    heads: (word: string) => `One head switched off: change of “${word}”, in percentage points`,
    headsOf: (kind: string, word: string) =>
      `One head of the ${kind} switched off: change of “${word}”, in percentage points`,
    difference: (word: string, other: string) =>
      `One head switched off: change of the logit of “${word}” less that of “${other}”`,
    patches: (word: string) =>
      `One word’s vector taken from the sentence before, on entering a layer: share of “${word}”, the answer there, in %`,
    patchNote:
      'Activation patching: where a cell is dark, this word, at this depth, carries the difference between the two answers.',
    pinHint:
      'Change one word with “Show me”, or press “Compare with this sentence” and change it yourself: then also see which word carries the difference, layer by layer.',
    ask: 'Try every head',
    askHint: 'One pass of the model for each; it may take a while.',
    stop: 'Stop',
  },

  recurrent: {
    heading: 'Before attention: a recurrent network',
    intro: 'A GRU reads the same tokens from left to right and keeps one vector, its state.',
    explanation:
      'Each row is the state after a token; each column a token read so far. A cell says how much the state would move if that token’s vector moved a little (the norm of the gradient ∂h/∂x). What lies further back has passed through every step in between, and fades.',
    randomNote:
      'This network was never trained: what you see is how its arithmetic forgets, not what it learned. Training can open or close its gates, and the slider does so by hand.',
    keep: 'Update gate: keep more of the old state →',
    kept: (share: string) => `each step keeps ${share} of the state on average`,
    left: 'What is left of a token’s influence, on average',
    back: 'tokens later',
    share: 'left',
    influence: 'GRU: influence, each row over its largest',
    rollout: 'The open model: attention rollout, all layers',
    difference:
      'Attention reaches any token in one step, however far it stands; that is why long distances are hard for a recurrent network and not for a transformer. Rollout multiplies the layers’ mean attention, half of it the residual stream (Abnar & Zuidema 2020): the first column is often a sink.',
    tooLong: (most: number) => `Shown for sentences of up to ${most} tokens.`,
    failed: 'The network could not run',
  },

  listings: {
    heading: 'Published programs, one idea',
    intro:
      'Attention as tutorials and repositories write it, run on the words of your sentence. Each differs from the paper in one thing.',
    choose: 'Listing',
    differs: 'Differs from the paper',
    random: 'random weights',
    randomNote:
      'These weights were never trained. The pattern shows how the arithmetic behaves, not what a model learned.',
    noWeights: 'no learned weights',
    noWeightsNote:
      'Nothing here was learned or drawn at random: the pattern follows from the numbers of the example alone.',
    cut: (most: number) => `Of this text a listing reads the first ${most} tokens.`,
    rowTotals: (low: string, high: string) => `Rows add up to ${low} … ${high}`,
    rowTotal: (value: string) => `Every row adds up to ${value}`,
    failed: 'This listing could not run',
    comparison: (head: number) => `For comparison: the open model, layer 1, head ${head}`,
    numbers: {
      input: 'E',
      output: 'Y = S·P·E',
      context: 'row sum of Y',
      usual: 'usual: P·E',
    },
    ownNumbers: 'on the five vectors it was published with',
    names: {
      fused: 'One fused q/k/v projection',
      fused_encoder: 'The encoder around it, two layers',
      multi_head: 'Multi-head, ÷ √K',
      multi_head_no_softmax: 'Multi-head without softmax',
      no_weights: 'No learned weights',
      single_head: 'One head as wide as D',
      shared_heads: 'One projection for all heads',
    } satisfies Record<ListingChoice, string> as Record<ListingChoice, string>,
    /** `english` is the package's own sentence. */
    difference: (choice: ListingChoice, english: string): string =>
      choice === 'fused_encoder'
        ? 'A layer is x ← LayerNorm(Linear(SA(x) + x)): one linear map of the residual sum, where the paper has a norm, a feed-forward of two layers and a second norm.'
        : english,
  },

  checkpoint: {
    heading: 'Open your own model',
    intro:
      'A folder in Hugging Face’s layout — config.json, model.safetensors and the tokenizer’s files — of BERT, RoBERTa, DistilBERT, Longformer, GPT-2 or Llama, of a translator (Marian) or of a model of pictures (ViT); or a .zip that Train saved. It stays on this machine: nothing is uploaded.',
    choose: 'Choose a folder…',
    files: 'or choose the files…',
    drop: 'or drop the folder here',
    dropNow: 'Drop the folder to open it',
    open: (name: string) => `Loaded: ${name}`,
    ofPage: 'or a pretrained one:',
    pageModels: {
      coreference: 'who “it” is',
      dates: 'dates (a translator)',
      digits: 'digits (of pictures)',
      copy: 'copy',
      sort: 'sort',
      reverse: 'reverse',
      brackets: 'brackets',
    } as Readonly<Record<string, string>>,
    back: 'Back to the model of this page',
    hub: {
      id: 'or a model of huggingface.co',
      idHint: 'An id: the owner, a slash and the name',
      revision: 'revision',
      download: 'Download',
      cancel: 'Stop',
      note: 'Only this asks another server. What is downloaded is kept in this browser; interrupted downloads resume.',
    },
    failed: 'This model could not be opened. The one before is still open.',
    next: 'What to do',
    advice: {
      missing:
        'Choose the folder that holds config.json, model.safetensors and the tokenizer’s files themselves, not the folder above it.',
      config:
        'Open config.json and check the field named above; model_type must be one this page knows.',
      tensor:
        'The weights do not fit config.json. Take both files from the same checkpoint and revision.',
      file: 'The file is damaged or incomplete. Download it again; a Git LFS pointer is a text of 130 bytes, not the file.',
      tokenizer:
        'Add the tokenizer’s files of the same checkpoint: tokenizer.json, or vocab.txt, or vocab.json and merges.txt, or tokenizer.model.',
      preprocessor:
        'Add the preprocessor_config.json of the same checkpoint: it says how a picture becomes what the model reads.',
      hub: 'Check the id, the revision and the connection. A model that is private or gated must be downloaded with an account, and its folder opened here.',
      memory:
        'The model does not fit into this tab’s memory. Close other tabs or choose a smaller model.',
      other: 'Try another checkpoint, or report this message with the name of the checkpoint.',
    },
  },

  share: {
    heading: 'Share',
    link: 'Copy link',
    linkHint: 'The link holds the model’s name, what it is given, the selection and every edit.',
    fromHub: (id: string) =>
      `Whoever opens it is asked before ${id} is downloaded from huggingface.co.`,
    fromDisk: (name: string) =>
      `It cannot carry the model itself: whoever opens it needs the same folder, “${name}”, and opens it there.`,
    photograph: (name: string) =>
      `It cannot carry the picture “${name}”: a drawing stands in its place. Pictures stay on this machine.`,
    png: 'Save PNG',
    svg: 'Save SVG',
    csv: 'Save CSV',
    json: 'Save JSON',
    vectors: 'Save these vectors',
    code: 'Copy as JavaScript',
    copied: 'Copied',
    copyFailed: 'The browser refused the clipboard. Copy it from here:',
    figureTitle: (title: string) => `Attention weights, ${inline(title)}`,
    figureAxes: 'rows attend to columns',
  },

  glossary: {
    heading: 'Reading this page',
    equation: 'Scaled dot-product attention',
    source: 'Vaswani et al. 2017, equation 1',
    entries: [
      ['query', 'What a word asks for: a vector of numbers made from it by a learned matrix.'],
      [
        'key',
        'What a word offers to be found by. A query and a key that point the same way give a high score.',
      ],
      ['value', 'What is fetched from a word that is attended to.'],
      [
        'weight',
        'The softmax of a row of scores: how a word shares its attention among all words.',
      ],
      [
        'head',
        'One set of queries, keys and values. Heads of a layer work side by side; each may look for something else.',
      ],
      [
        'mask',
        'Cells that are closed. Their weight is exactly zero because attending was not allowed, not because it was not wanted.',
      ],
      ['temperature', 'A divisor of the scores. Small makes rows sharp, large makes them flat.'],
      [
        'keyboard',
        'Arrow keys move the word, the head or the cell that has the focus; Escape clears; Ctrl Z takes an edit back.',
      ],
      ['hidden state', 'The vector of a word after all layers; the output is read off it.'],
    ] as [term: string, text: string][],
  },

  similarity: {
    heading: 'Similarity of sentences',
    intro: (dims: number) =>
      `Each sentence becomes one vector of length 1 (the mean of its tokens’ last hidden states, ${dims} numbers); the similarity of two is their cosine: 1 the same direction, near 0 unrelated.`,
    label: 'To be compared, one a line',
    examples: [
      'A cat is asleep on the mat.',
      'The kitten naps on a rug.',
      'Share prices fell sharply today.',
    ] as readonly string[],
    name: (first: string, second: string) => `“${first}” and “${second}”`,
    most: (most: number) => `The first ${most} sentences are compared.`,
    two: 'Write at least two sentences.',
  },

  pass: {
    forward: (time: string) => `forward pass ${time}`,
    first: (time: string) =>
      `first forward pass ${time}, with the time to compile; type to see it without`,
    variant: { relaxed: 'WebAssembly, relaxed SIMD', simd128: 'WebAssembly, SIMD' },
    weight: (size: string) => `${size} loaded`,
  },

  linked: {
    disk: (name: string) =>
      `This link was made with “${name}”, a model from its sender’s disk, which a link cannot carry. Open that folder below, and what the link holds follows.`,
    hub: (id: string) => `This link was made with ${id}, a model of huggingface.co.`,
    open: (id: string) => `Get ${id} from there and follow the link`,
    opening: 'Downloading…',
    dismiss: 'Dismiss',
  },

  errors: {
    empty: 'Nothing to read yet: write at least one word.',
    ids: (most: number) =>
      `This model has no tokenizer: write token ids, whole numbers from 0 to ${most}.`,
    noAnswer: 'The answer to this input comes here once it can be read.',
    details: 'What the program said',
    run: 'The last change could not be computed; the views show the one before it.',
    start: 'The page could not start.',
    noSimd:
      'This browser has no WebAssembly SIMD. Any Chrome, Edge, Firefox or Safari since 2023 has it.',
    reload:
      'Reload the page. If it fails again, the address of a file may be blocked: look at the message above.',
  },
  tagline: 'a real transformer, computed in this page',
};

export type LabStrings = typeof en;
