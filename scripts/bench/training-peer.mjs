// The induction model's training step in tfjs, with its wasm backend, as fast as that backend has it:
// - It lacks the kernel that gather's gradient needs (UnsortedSegmentSum), so the embedding is a product with one-hot rows.
// - Only products of operands that are not transposed reach XNNPACK, and tfjs's own gradient of a product transposes by a flag:
//   a step takes 164 ms instead of 84. So operands are transposed first, forward and backward, and weights kept [in, out].
// tfjs's cpu backend, which lacks no kernel, takes 1130 ms.
// tfjs's gradients must have been registered (register_all_gradients.js, which its file for Node leaves out).

/** { step, dispose }: a step gives the loss of the weights before it. `config` and `options` are those of measureTraining. */
export function tensorflowTrainer(
  tf,
  { config, options, parameters, batch: { inputIds, labels } },
) {
  const {
    vocabSize: V,
    maxLen: T,
    dModel: D,
    numLayers: N,
    attention: { numHeads: H },
  } = config;
  const B = inputIds.length;
  const swapped = (x) =>
    tf.transpose(
      x,
      [...x.shape.keys()].map((axis, _, { length }) =>
        axis < length - 2 ? axis : 2 * length - 3 - axis,
      ),
    );
  const product = tf.customGrad((a, b, save) => {
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy, [a, b]) => [tf.matMul(dy, swapped(b)), tf.matMul(swapped(a), dy)],
    };
  });

  const isProjection = (name) => /(_proj|fc\d)\.weight$/.test(name);
  const variables = new Map(
    [...parameters].map(([name, { data, dims }]) => [
      name,
      tf.tidy(() =>
        tf.variable(isProjection(name) ? swapped(tf.tensor(data, dims)) : tf.tensor(data, dims)),
      ),
    ]),
  );
  const of = (name) => variables.get(name);
  const oneHot = (ids) =>
    tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(ids, 'int32'), V), 'float32'));
  const tokens = oneHot(inputIds.flat());
  const answers = oneHot(labels.flat()); // an ignored label, −100, is a row of zeros
  const asked = labels.flat().filter((label) => label >= 0).length;
  const mask = tf.tensor2d(
    Array.from({ length: T }, (_, t) => Array.from({ length: T }, (_, s) => (s > t ? -1e9 : 0))),
  );

  const linear = (x, name) => tf.add(product(x, of(`${name}.weight`)), of(`${name}.bias`));
  const norm = (x, name) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const normal = tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5)));
    return tf.add(tf.mul(normal, of(`${name}.weight`)), of(`${name}.bias`));
  };
  const gelu = (x) =>
    tf.mul(
      tf.mul(x, 0.5),
      tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3)))))),
    );
  const heads = (x) => tf.transpose(tf.reshape(x, [B, T, H, D / H]), [0, 2, 1, 3]);
  const attention = (x, name) => {
    const [q, k, v] = ['q', 'k', 'v'].map((part) => heads(linear(x, `${name}.${part}_proj`)));
    const pattern = tf.softmax(tf.add(tf.mul(product(q, swapped(k)), (D / H) ** -0.5), mask));
    return linear(
      tf.reshape(tf.transpose(product(pattern, v), [0, 2, 1, 3]), [B * T, D]),
      `${name}.out_proj`,
    );
  };
  const loss = () => {
    const embedded = tf.add(
      tf.reshape(product(tokens, of('embed.token.weight')), [B, T, D]),
      of('embed.position.weight'),
    );
    let x = norm(tf.reshape(embedded, [B * T, D]), 'embed.norm');
    for (let l = 0; l < N; l++) {
      const block = `blocks.${l}`;
      x = tf.add(x, attention(norm(x, `${block}.norm1`), `${block}.attn`));
      x = tf.add(
        x,
        linear(gelu(linear(norm(x, `${block}.norm2`), `${block}.mlp.fc1`)), `${block}.mlp.fc2`),
      );
    }
    const logits = product(norm(x, 'final_norm'), swapped(of('embed.token.weight')));
    return tf.div(tf.neg(tf.sum(tf.mul(answers, tf.logSoftmax(logits)))), asked);
  };

  const optimizer = tf.train.adam(options.lr, ...options.betas, options.eps);
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, [...variables.values()]);
      const [squares] = tf
        .addN(Object.values(grads).map((grad) => tf.sum(tf.square(grad))))
        .dataSync();
      const scale = Math.min(1, options.clipNorm / (Math.sqrt(squares) + 1e-6));
      optimizer.applyGradients(
        Object.fromEntries(
          Object.entries(grads).map(([name, grad]) => [name, tf.mul(grad, scale)]),
        ),
      );
      return value.dataSync()[0];
    });
  return {
    step,
    dispose: () => (
      optimizer.dispose(),
      tf.dispose([tokens, answers, mask, ...variables.values()])
    ),
  };
}
