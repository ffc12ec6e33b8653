// How each kind of golden case runs through the package: (runtime, case, model) → Map name → tensor.
import assert from 'node:assert/strict';
import { measureHeads, preprocess, rollout, weightNorms } from 'attention-lab';

/**
 * Splits a case's inputs into those of the call and options: 'tensor:NAME' is replaced by the tensor, and 'run:NAME' by
 * what `run` gives for the ids NAME.
 */
export function callOf(testCase, run) {
  const named = new Set();
  const resolve = (value) => {
    const [, kind, name] = (typeof value === 'string' && value.match(/^(tensor|run):(.*)$/)) || [];
    if (kind) {
      named.add(name);
      return kind === 'run' ? run(testCase.inputs.get(name)) : testCase.inputs.get(name);
    }
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item)]));
  };
  const options = resolve(testCase.options);
  const inputs = Object.fromEntries([...testCase.inputs].filter(([name]) => !named.has(name)));
  return { inputs, options };
}

/** A result's tensors by name: `attentions` (and other lists) as attentions.0, …, the trace's entries under their own names. */
function byName({ trace, ...tensors }) {
  const named = Object.entries(tensors).flatMap(([name, value]) =>
    Array.isArray(value)
      ? value.map((tensor, layer) => [`${name}.${layer}`, tensor])
      : [[name, value]],
  );
  return new Map([...(trace ?? []), ...named]);
}

const forwardOptions = {
  attention_layer: { trace: true },
  model: { trace: true, outputAttentions: true },
  recurrent: { trace: true, influence: true },
};

function runParameterised(kind, owner, testCase) {
  const { inputs, options } = callOf(testCase, (inputIds) =>
    owner.forward({ inputIds }, { trace: true }),
  );
  return byName(owner.forward(inputs, { ...options, ...forwardOptions[kind] }));
}

function runFresh(kind, owner, testCase) {
  try {
    owner.setParameters(testCase.parameters);
    return runParameterised(kind, owner, testCase);
  } finally {
    owner.dispose();
  }
}

/** The inputs of a measure: `attentions.l`, the values `v.l` and output projections `out.l` of each layer, and tokens. */
function measured(testCase) {
  const run = { attentions: [], trace: new Map() };
  for (const [name, tensor] of testCase.inputs) {
    const [kind, layer] = name.split('.');
    if (kind === 'attentions') run.attentions[layer] = tensor;
    else if (kind === 'v') run.trace.set(`blocks.${layer}.attn.v`, tensor);
    else if (kind === 'out')
      (run.parameters ??= {})[`blocks.${layer}.attn.out_proj.weight`] = tensor;
    else run[name] = tensor;
  }
  return run;
}

const defined = (options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** Flags [B, T] as arrays of booleans. */
function rowsOf({ data, dims: [rows, columns] }) {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(data.slice(row * columns, (row + 1) * columns), Boolean),
  );
}

/** [n, H, W, 4] as n pictures. */
function picturesOf({ data, dims: [count, height, width] }) {
  const size = height * width * 4;
  return Array.from({ length: count }, (_, i) => ({
    data: data.subarray(i * size, (i + 1) * size),
    width,
    height,
  }));
}

function withTrainer(runtime, testCase, options, run) {
  const model = runtime.createModel(testCase.config);
  let trainer;
  try {
    model.setParameters(testCase.parameters);
    trainer = model.trainer(options);
    return run(trainer);
  } finally {
    trainer?.dispose();
    model.dispose();
  }
}

/** A trainer's batch: what mems.0, mems.1 … hold is its `mems`. */
function batchOf(inputs) {
  const isMems = ([name]) => name.startsWith('mems.');
  const mems = Object.entries(inputs)
    .filter(isMems)
    .map(([, tensor]) => tensor);
  return {
    ...Object.fromEntries(Object.entries(inputs).filter((entry) => !isMems(entry))),
    ...(mems.length > 0 && { mems }),
  };
}

const scalar = (value) => ({ data: Float32Array.of(value), dims: [1] });

/** What a gradient says of the derivative along the direction sin 1, sin 2, … */
const alongSines = ({ data }) => data.reduce((sum, x, i) => sum + x * Math.sin(i + 1), 0);

/** Part `index` of `count` along the first axis. */
function partOf({ data, dims: [batch, ...rest] }, index, count) {
  const size = data.length / count;
  return { data: data.slice(index * size, (index + 1) * size), dims: [batch / count, ...rest] };
}

/** Positions [first, first + count) of every sequence of a tensor [B, T, …]. */
function positionsOf({ data, dims: [batch, length, ...rest] }, first, count) {
  const width = rest.reduce((product, size) => product * size, 1);
  const rows = Array.from({ length: batch }, (_, b) => [
    ...data.subarray((b * length + first) * width, (b * length + first + count) * width),
  ]);
  return { data: data.constructor.from(rows.flat()), dims: [batch, count, ...rest] };
}

/** Tensors [B, T, …] behind one another along T. */
function joined(parts) {
  const [batch, , ...rest] = parts[0].dims;
  const length = parts.reduce((sum, { dims }) => sum + dims[1], 0);
  const data = Array.from({ length: batch }, (_, b) =>
    parts.flatMap(({ data: part }) => [
      ...part.subarray((b * part.length) / batch, ((b + 1) * part.length) / batch),
    ]),
  );
  return { data: Float32Array.from(data.flat()), dims: [batch, length, ...rest] };
}

/** Undefined for kinds that the package has no call for: those are the C++ tests' alone. */
export const runners = {
  attention(runtime, testCase) {
    const { inputs, options } = callOf(testCase);
    return byName(runtime.attention(inputs, { ...options, trace: true }));
  },
  attention_layer(runtime, testCase) {
    return runFresh('attention_layer', runtime.createAttention(testCase.config), testCase);
  },
  /** model: the checkpoint that the case names, already loaded. */
  model(runtime, testCase, model) {
    if (model) return runParameterised('model', model, testCase);
    return runFresh('model', runtime.createModel(testCase.config), testCase);
  },
  /** Greedy; ids as a tensor. The stop tokens are the checkpoint's unless the case has its own. */
  generation(runtime, testCase, model) {
    const { inputs, options } = callOf(testCase);
    const { ids } = model.generate(inputs.inputIds, options);
    return new Map([['ids', { data: Float32Array.from(ids), dims: [ids.length] }]]);
  },
  pictures(runtime, testCase) {
    const { preprocessor, channels } = testCase.options;
    return new Map([
      [
        'pixelValues',
        preprocess(picturesOf(testCase.inputs.get('pictures')), preprocessor, { channels }),
      ],
    ]);
  },
  gradients(runtime, testCase) {
    const { inputs, options } = callOf(testCase);
    return withTrainer(runtime, testCase, { lr: 0, ...options }, (trainer) => {
      const { loss, parameters, trace } = trainer.gradients(batchOf(inputs), { trace: true });
      const named = [
        ...[...parameters].map(([name, tensor]) => [`parameters.${name}`, tensor]),
        ...trace,
      ];
      const differences = named.map(([name, tensor]) => [
        `differences.${name}`,
        scalar(alongSines(tensor)),
      ]);
      return new Map([['loss', scalar(loss)], ...named, ...differences]);
    });
  },
  /** Step i takes the batch i mod `batches`. */
  training(runtime, testCase) {
    const {
      inputs,
      options: { steps, batches, ...options },
    } = callOf(testCase);
    return withTrainer(runtime, testCase, options, (trainer) => {
      const results = Array.from({ length: steps }, (_, step) => {
        const part = Object.entries(inputs).map(([name, tensor]) => [
          name,
          partOf(tensor, step % batches, batches),
        ]);
        return trainer.step(Object.fromEntries(part));
      });
      const column = (field) => ({
        data: Float32Array.from(results, (result) => result[field]),
        dims: [steps],
      });
      return new Map([
        ['losses', column('loss')],
        ['gradNorms', column('gradNorm')],
      ]);
    });
  },
  embedding(runtime, testCase, model) {
    return new Map([['embeddings', model.embed(testCase.options.texts)]]);
  },
  classes(runtime, testCase, model) {
    const rows = model.classify(testCase.options.texts).map((all) => {
      const byLabel = all.toSorted((a, b) => a.index - b.index);
      return byLabel.map(({ logit, probability = logit }) => probability);
    });
    return new Map([
      ['classes', { data: Float32Array.from(rows.flat()), dims: [rows.length, rows[0].length] }],
    ]);
  },
  tags(runtime, testCase, model) {
    const { text } = testCase.options;
    const rows = model.tags(text).map(({ word, start, end, index, label, probability }) => {
      assert.equal(word, text.slice(start, end));
      assert.equal(label, model.labels[index]);
      return [start, end, index, probability];
    });
    return new Map([['tags', { data: Float32Array.from(rows.flat()), dims: [rows.length, 4] }]]);
  },
  answers(runtime, testCase, model) {
    const { questions, context, topK } = testCase.options;
    return new Map(
      questions.map((question, i) => {
        const rows = model.answer({ question, context }, { topK }).map((answer) => {
          assert.equal(answer.text, context.slice(answer.start, answer.end));
          return [answer.start, answer.end, answer.probability];
        });
        return [`answers.${i}`, { data: Float32Array.from(rows.flat()), dims: [rows.length, 3] }];
      }),
    );
  },
  recurrent(runtime, testCase) {
    return runFresh('recurrent', runtime.createRecurrent(testCase.config), testCase);
  },
  measures(_, testCase) {
    const { attentions, trace, parameters, inputIds, attentionMask, specialTokens } =
      measured(testCase);
    const options = {
      inputIds,
      attentionMask,
      parameters,
      specialTokens: specialTokens && rowsOf(specialTokens),
    };
    return new Map(Object.entries(measureHeads({ attentions, trace }, defined(options))));
  },
  weight_norms(_, testCase) {
    const { attentions, trace, parameters } = measured(testCase);
    const norms = weightNorms({ attentions, trace }, defined({ parameters }));
    return new Map(norms.map((tensor, layer) => [`weightNorms.${layer}`, tensor]));
  },
  rollout(_, testCase) {
    return new Map([['rollout', rollout(measured(testCase).attentions, testCase.options)]]);
  },
  /** One part of the sequence after the other, each with the mems that the one before returned. */
  segments(runtime, testCase) {
    const model = runtime.createModel(testCase.config);
    try {
      model.setParameters(testCase.parameters);
      const outputs = [];
      let first = 0;
      for (const length of testCase.options.segments) {
        const inputs = Object.fromEntries(
          [...testCase.inputs].map(([name, tensor]) => [name, positionsOf(tensor, first, length)]),
        );
        const mems = outputs.at(-1)?.mems;
        outputs.push(model.forward(inputs, { outputAttentions: true, ...(mems && { mems }) }));
        const { lastHiddenState } = model.forward(inputs, mems && { mems });
        outputs.at(-1).lastHiddenState = lastHiddenState; // fused, without attentions
        first += length;
      }
      const patterns = outputs.flatMap(({ attentions }, number) =>
        attentions.map((tensor, layer) => [`attentions.${number}.${layer}`, tensor]),
      );
      const whole = ['lastHiddenState', 'logits']
        .filter((name) => outputs[0][name])
        .map((name) => [name, joined(outputs.map((output) => output[name]))]);
      const mems = (outputs.at(-1).mems ?? []).map((tensor, layer) => [`mems.${layer}`, tensor]);
      return new Map([...patterns, ...whole, ...mems]);
    } finally {
      model.dispose();
    }
  },
  /** A published listing, by the package's preset instead of the case's own config. */
  listing(runtime, testCase) {
    const { name, part, ...options } = testCase.listing;
    const listing = runtime.createListing(name, options);
    try {
      if (part === 'encoder') {
        listing.encoder.setParameters(testCase.parameters);
        return runParameterised('model', listing.encoder, testCase);
      }
      listing.layer?.setParameters(testCase.parameters);
      const { inputs, options: given } = callOf(testCase);
      return byName(listing.forward(inputs, { ...given, trace: true }));
    } finally {
      listing.dispose();
    }
  },
};

/** A copy whose padded positions are zero: [B, T, …] by row, patterns [B, H, T, S] by query; [B, D] has no positions. */
export function blankPadding(tensor, valid) {
  const [, length] = valid.dims;
  const axis = tensor.dims.length === 4 ? 2 : 1;
  if (tensor.dims.length < 3 || tensor.dims[axis] !== length) return tensor;
  const perBatch = tensor.data.length / tensor.dims[0];
  const width = tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const data = tensor.data.map((value, i) => {
    const batch = Math.floor(i / perBatch);
    const position = Math.floor(i / width) % length;
    return valid.data[batch * length + position] ? value : 0;
  });
  return { data, dims: tensor.dims };
}

/** What the case expects and what came, positions that are not compared being zero on both sides. */
export function comparable(testCase, actual) {
  const { valid, inputs, expected } = testCase;
  if (!valid) return { actual, expected };
  const maskOf = (name) =>
    inputs.get(
      typeof valid === 'string' ? valid : valid[name.startsWith('encoder') ? 'encoder' : 'decoder'],
    );
  const blank = (tensors) =>
    new Map(
      [...tensors].map(([name, tensor]) => [
        name,
        maskOf(name) ? blankPadding(tensor, maskOf(name)) : tensor,
      ]),
    );
  return { actual: blank(actual), expected: blank(expected) };
}
