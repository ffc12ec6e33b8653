// Makes small BERT checkpoints in memory, sound or broken, and offers them as File objects or over HTTP.
import { createServer } from 'node:http';
import { numbers } from './support.mjs';

export const config = {
  model_type: 'bert',
  architectures: ['BertForMaskedLM'],
  vocab_size: 11,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  hidden_act: 'gelu',
  max_position_embeddings: 6,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
};

/** Name → dims of every tensor of a BertForMaskedLM of this config. */
export function tensorShapes({
  vocab_size: V,
  hidden_size: D,
  intermediate_size: F,
  num_hidden_layers: N,
  ...rest
} = config) {
  const shapes = {
    'bert.embeddings.word_embeddings.weight': [V, D],
    'bert.embeddings.position_embeddings.weight': [rest.max_position_embeddings, D],
    'bert.embeddings.token_type_embeddings.weight': [rest.type_vocab_size, D],
    'cls.predictions.bias': [V],
  };
  const norm = (name) => Object.assign(shapes, { [`${name}.weight`]: [D], [`${name}.bias`]: [D] });
  const linear = (name, output, input) =>
    Object.assign(shapes, { [`${name}.weight`]: [output, input], [`${name}.bias`]: [output] });
  norm('bert.embeddings.LayerNorm');
  for (let l = 0; l < N; ++l) {
    const layer = `bert.encoder.layer.${l}`;
    for (const part of ['self.query', 'self.key', 'self.value', 'output.dense'])
      linear(`${layer}.attention.${part}`, D, D);
    norm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, F, D);
    linear(`${layer}.output.dense`, D, F);
    norm(`${layer}.output.LayerNorm`);
  }
  linear('cls.predictions.transform.dense', D, D);
  norm('cls.predictions.transform.LayerNorm');
  return shapes;
}

/** Name → { dtype, shape, bytes } with seeded values. */
export function weights(shapes = tensorShapes(), seed = 1) {
  const next = numbers(seed);
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next);
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}

/** The container, from tensors as of `weights`; `change` may spoil the header's object before it is written. */
export function container(tensors, change = (header) => header) {
  const header = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, (at += bytes.length)] };
  }
  return assemble(
    JSON.stringify(change(header)),
    [...tensors.values()].map(({ bytes }) => bytes),
  );
}

export function assemble(headerText, data, length) {
  const header = new TextEncoder().encode(headerText);
  const start = new DataView(new ArrayBuffer(8));
  start.setBigUint64(0, BigInt(length ?? header.length), true);
  return Buffer.concat([new Uint8Array(start.buffer), header, ...data]);
}

/** File name → bytes of a sound checkpoint without a tokenizer; entries of `others` replace or, with null, remove. */
export function checkpoint(others = {}) {
  const files = {
    'config.json': JSON.stringify(config),
    'model.safetensors': container(weights()),
    ...others,
  };
  return Object.fromEntries(Object.entries(files).filter(([, content]) => content !== null));
}

export const asFiles = (files) =>
  Object.entries(files).map(([name, content]) => new File([content], name));

/**
 * Serves files by path over HTTP. `answer(request, response, content)` may take over by returning true.
 * Resolves to { url, requests, close }.
 */
export async function serveFiles(files, answer = () => false) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname).slice(1);
    requests.push(request.url);
    if (await answer(request, response, files[name])) return;
    if (!(name in files)) return response.writeHead(404).end('not here');
    response.end(files[name]);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
