// Checkpoints with the shapes of real models and random weights, written as a hub's folders are: for timings and tests that need
// many heads, a large vocabulary or many patches, without a download. The same seed gives the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes model `name` into `folder`/`name` and returns that path. */
export function writeCheckpoint(folder, name) {
  const { config, tensors, files } = checkpoints[name]();
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  writeFileSync(join(path, 'model.safetensors'), safetensors(tensors));
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(path, file), JSON.stringify(content));
  return path;
}

const checkpoints = {
  /** MiniLM-L6's shape: vectors without output words. */
  minilm: () => bert({ vocabulary: 30_522, width: 384, inner: 1536, predicts: false }),
  /** SPLADE's: the same body, and 30,522 logits a token. */
  splade: () => bert({ vocabulary: 30_522, width: 384, inner: 1536, predicts: true }),
  /** As many heads and words as those, byte-level, and small enough for a test. */
  bytes: () => roberta({ vocabulary: 30_000, width: 96, inner: 192 }),
  /** SmolLM2-135M's shape. */
  smollm2: () => llama({ vocabulary: 49_152, width: 576, inner: 1536, layers: 30 }),
  /** A causal one that is just large enough to run in a worker. */
  causal: () => llama({ vocabulary: 8192, width: 144, inner: 288, layers: 2 }),
  /** A picture of 16 × 16 patches. */
  patches: () => vit({ patches: 16, patch: 4, width: 48, inner: 96 }),
};

const [layers, heads] = [6, 12];

function bert({ vocabulary, width, inner, predicts }) {
  const tokens = wordPieces(vocabulary);
  const prefix = predicts ? 'bert.' : '';
  return {
    config: {
      model_type: 'bert',
      architectures: [predicts ? 'BertForMaskedLM' : 'BertModel'],
      vocab_size: vocabulary,
      hidden_size: width,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      max_position_embeddings: 512,
      type_vocab_size: 2,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-12,
      pad_token_id: 0,
    },
    tensors: {
      ...bertBody(prefix, { vocabulary, width, inner, positions: 512, types: 2 }),
      ...(predicts && {
        'cls.predictions.bias': [vocabulary],
        'cls.predictions.transform.dense.weight': [width, width],
        'cls.predictions.transform.dense.bias': [width],
        ...norm('cls.predictions.transform.LayerNorm', width),
      }),
    },
    files: {
      'tokenizer.json': {
        version: '1.0',
        added_tokens: specials(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']),
        normalizer: { type: 'BertNormalizer', clean_text: true, lowercase: true },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        post_processor: around(['[CLS]', 2], ['[SEP]', 3]),
        decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: '##',
          max_input_chars_per_word: 100,
          vocab: numbered(tokens),
        },
      },
    },
  };
}

function roberta({ vocabulary, width, inner }) {
  return {
    config: {
      model_type: 'roberta',
      architectures: ['RobertaForMaskedLM'],
      vocab_size: vocabulary,
      hidden_size: width,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      max_position_embeddings: 514,
      type_vocab_size: 1,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-5,
      pad_token_id: 1,
    },
    tensors: {
      ...bertBody('roberta.', { vocabulary, width, inner, positions: 514, types: 1 }),
      'lm_head.bias': [vocabulary],
      'lm_head.dense.weight': [width, width],
      'lm_head.dense.bias': [width],
      ...norm('lm_head.layer_norm', width),
    },
    files: {
      'tokenizer.json': byteLevel(vocabulary, ['<s>', '<pad>', '</s>', '<unk>', '<mask>'], {
        post_processor: around(['<s>', 0], ['</s>', 2]),
      }),
    },
  };
}

function bertBody(prefix, { vocabulary, width, inner, positions, types }) {
  const tensors = {
    [`${prefix}embeddings.word_embeddings.weight`]: [vocabulary, width],
    [`${prefix}embeddings.position_embeddings.weight`]: [positions, width],
    [`${prefix}embeddings.token_type_embeddings.weight`]: [types, width],
    ...norm(`${prefix}embeddings.LayerNorm`, width),
  };
  for (let layer = 0; layer < layers; layer++) {
    const name = `${prefix}encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value'])
      Object.assign(tensors, linear(`${name}.attention.self.${part}`, width, width));
    Object.assign(
      tensors,
      linear(`${name}.attention.output.dense`, width, width),
      norm(`${name}.attention.output.LayerNorm`, width),
      linear(`${name}.intermediate.dense`, inner, width),
      linear(`${name}.output.dense`, width, inner),
      norm(`${name}.output.LayerNorm`, width),
    );
  }
  return tensors;
}

function llama({ vocabulary, width, inner, layers }) {
  const [numHeads, numKvHeads] = [9, 3];
  const ofKeys = (width / numHeads) * numKvHeads;
  const tensors = {
    'model.embed_tokens.weight': [vocabulary, width],
    'model.norm.weight': [width],
  };
  for (let layer = 0; layer < layers; layer++) {
    const name = `model.layers.${layer}`;
    Object.assign(tensors, {
      [`${name}.input_layernorm.weight`]: [width],
      [`${name}.post_attention_layernorm.weight`]: [width],
      [`${name}.self_attn.q_proj.weight`]: [width, width],
      [`${name}.self_attn.k_proj.weight`]: [ofKeys, width],
      [`${name}.self_attn.v_proj.weight`]: [ofKeys, width],
      [`${name}.self_attn.o_proj.weight`]: [width, width],
      [`${name}.mlp.gate_proj.weight`]: [inner, width],
      [`${name}.mlp.up_proj.weight`]: [inner, width],
      [`${name}.mlp.down_proj.weight`]: [width, inner],
    });
  }
  return {
    config: {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      vocab_size: vocabulary,
      hidden_size: width,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: numHeads,
      num_key_value_heads: numKvHeads,
      max_position_embeddings: 8192,
      rms_norm_eps: 1e-5,
      rope_theta: 100_000,
      hidden_act: 'silu',
      tie_word_embeddings: true,
      bos_token_id: 0,
      eos_token_id: 0,
    },
    tensors,
    files: { 'tokenizer.json': byteLevel(vocabulary, ['<|endoftext|>']) },
  };
}

function vit({ patches, patch, width, inner }) {
  const size = patches * patch;
  const labels = ['cat', 'dog', 'bird', 'boat', 'tree'];
  const tensors = {
    'vit.embeddings.cls_token': [1, 1, width],
    'vit.embeddings.position_embeddings': [1, patches * patches + 1, width],
    'vit.embeddings.patch_embeddings.projection.weight': [width, 3, patch, patch],
    'vit.embeddings.patch_embeddings.projection.bias': [width],
    ...norm('vit.layernorm', width),
    ...linear('classifier', labels.length, width),
  };
  for (let layer = 0; layer < layers; layer++) {
    const name = `vit.encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value'])
      Object.assign(tensors, linear(`${name}.attention.attention.${part}`, width, width));
    Object.assign(
      tensors,
      linear(`${name}.attention.output.dense`, width, width),
      linear(`${name}.intermediate.dense`, inner, width),
      linear(`${name}.output.dense`, width, inner),
      norm(`${name}.layernorm_before`, width),
      norm(`${name}.layernorm_after`, width),
    );
  }
  return {
    config: {
      model_type: 'vit',
      architectures: ['ViTForImageClassification'],
      hidden_size: width,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      image_size: size,
      patch_size: patch,
      num_channels: 3,
      qkv_bias: true,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-12,
      id2label: numberedLabels(labels),
    },
    tensors,
    files: {
      'preprocessor_config.json': {
        image_processor_type: 'ViTImageProcessor',
        do_resize: true,
        do_rescale: true,
        do_normalize: true,
        resample: 2,
        rescale_factor: 1 / 255,
        image_mean: [0.5, 0.5, 0.5],
        image_std: [0.5, 0.5, 0.5],
        size: { height: size, width: size },
      },
    },
  };
}

const linear = (name, out, into) => ({
  [`${name}.weight`]: [out, into],
  [`${name}.bias`]: [out],
});
const norm = (name, width) => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] });

const numbered = (tokens) => Object.fromEntries(tokens.map((token, id) => [token, id]));
const numberedLabels = (labels) => Object.fromEntries(labels.map((label, id) => [id, label]));
const specials = (names) =>
  names.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));

/** A token before a text and one after it, and after each of a pair. */
function around([first, firstId], [last, lastId]) {
  const special = (id, type_id) => ({ SpecialToken: { id, type_id } });
  const text = (id, type_id) => ({ Sequence: { id, type_id } });
  const single = [special(first, 0), text('A', 0), special(last, 0)];
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, text('B', 1), special(last, 1)],
    special_tokens: {
      [first]: { id: first, ids: [firstId], tokens: [first] },
      [last]: { id: last, ids: [lastId], tokens: [last] },
    },
  };
}

/** Every printable ASCII character as a word and as a piece, common words, and as many made-up ones as are asked for. */
function wordPieces(count) {
  const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const tokens = new Set([
    ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
    ...characters,
    ...characters.map((character) => `##${character}`),
    ...'the a animal did not cross street because it was too tired wide dog cat saw small big'.split(
      ' ',
    ),
  ]);
  for (const syllables of letterRuns()) {
    if (tokens.size >= count) break;
    tokens.add(syllables);
  }
  return [...tokens];
}

/** "ba", "be", … "baba": letters in pairs, ever longer. */
function* letterRuns() {
  const pairs = [...'bcdfghklmnprstvw'].flatMap((first) =>
    [...'aeiou'].map((second) => first + second),
  );
  yield* pairs;
  for (const first of pairs) for (const second of pairs) yield first + second;
  for (const first of pairs)
    for (const second of pairs) for (const third of pairs) yield first + second + third;
}

/** GPT-2's spelling of the 256 bytes. */
function byteCharacters() {
  const printable = (byte) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(printable(byte) ? byte : next++),
  );
}

/** A byte-level BPE whose merges make pairs of letters, with and without a space before them, and pairs of those. */
function byteLevel(count, specialTokens, rest = {}) {
  const tokens = [...specialTokens, ...byteCharacters()];
  const known = new Set(tokens);
  const merges = [];
  const merge = (left, right) => {
    if (tokens.length >= count || known.has(left + right)) return;
    known.add(left + right);
    tokens.push(left + right);
    merges.push([left, right]);
  };
  const letters = [...'etaoinshrdlucmfwypvbgkjqxz'];
  for (const letter of letters) merge('Ġ', letter);
  for (const first of letters) for (const second of letters) merge(first, second);
  for (const first of letters) for (const second of letters) merge(`Ġ${first}`, second);
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  for (const first of pairs) for (const second of pairs) merge(first, second);
  return {
    version: '1.0',
    added_tokens: specials(specialTokens),
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    ...rest,
    model: { type: 'BPE', vocab: numbered(tokens), merges },
  };
}

/** float16 weights from a table of random ones, norms of one: as large as a file of that shape is, and soon made. */
function safetensors(tensors) {
  const header = {};
  let end = 0;
  for (const [name, shape] of Object.entries(tensors)) {
    const bytes = 2 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F16', shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = JSON.stringify(header);
  const head = Buffer.from(text.padEnd(8 * Math.ceil(text.length / 8)));
  const file = Buffer.alloc(8 + head.length + end);
  file.writeBigUInt64LE(BigInt(head.length));
  head.copy(file, 8);
  const table = randomHalves();
  for (const [name, { data_offsets }] of Object.entries(header)) {
    const [from, to] = data_offsets.map((offset) => 8 + head.length + offset);
    if (/norm\w*\.weight$/i.test(name))
      for (let at = from; at < to; at += 2) file.writeUInt16LE(0x3c00, at);
    else file.subarray(from, to).fill(table.subarray(2 * (from % 4093)));
  }
  return file;
}

/** About normal with a deviation of 0.06, as float16. */
function randomHalves() {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const table = Buffer.alloc(2 * 65_537);
  for (let at = 0; at < table.length; at += 2) {
    const value = 0.06 * Math.sqrt(3) * (random() + random() + random() + random() - 2);
    table.writeUInt16LE(halfOf(value), at);
  }
  return table;
}

/** Of numbers between 2⁻¹⁴ and 1; smaller ones become zero. */
function halfOf(value) {
  const size = Math.abs(value);
  if (size < 2 ** -14) return 0;
  const exponent = Math.floor(Math.log2(size));
  const fraction = Math.floor((size / 2 ** exponent - 1) * 1024);
  return ((value < 0 ? 1 : 0) << 15) | ((exponent + 15) << 10) | fraction;
}
