// The two peers behind one face: each makes, for a case, { run, output, dispose }. `run` is what is timed; `output`
// gives the result as a Float32Array, to be compared.
import {
  attentionGraph,
  causalMask,
  encoderGraph,
  geluGraph,
  layerNormGraph,
  linearGraph,
  softmaxGraph,
  transposed,
} from './graphs.mjs';

/** onnxruntime-web, one thread. */
export function onnxruntime(ort, version) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  async function runner(graph, inputs) {
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
    });
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, dims }]) => [
        name,
        new ort.Tensor('float32', data, dims),
      ]),
    );
    const run = () => session.run(feeds); // copies inputs and outputs: its interface has no way around it
    return { run, output: async () => (await run()).y.data, dispose: () => session.release() };
  }
  return {
    name: `onnxruntime-web ${version}`,
    linear: ({ x, ...parameters }) => runner(linearGraph(x.dims[0], parameters), { x }),
    softmax: ({ x }) => runner(softmaxGraph(x.dims), { x }),
    gelu: ({ x }) => runner(geluGraph(x.dims), { x }),
    layerNorm: ({ x, eps, ...parameters }) =>
      runner(layerNormGraph(x.dims, parameters, eps), { x }),
    attention: ({ q, k, v, ...shape }) => runner(attentionGraph(shape), { q, k, v }),
    encoder: ({ x, shape, parameter }) => runner(encoderGraph(shape, parameter), { x }),
  };
}

/** tfjs with its wasm backend (XNNPACK), one thread. */
export async function tensorflow(tf, version) {
  await tf.setBackend('wasm');
  await tf.ready();
  const upload = ({ data, dims }) => tf.tensor(data, dims);
  /** `compute` maps uploaded tensors to one; they stay on the backend, as weights and inputs of a pipeline would. */
  function runner(tensors, compute) {
    const uploaded = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, upload(tensor)]),
    );
    const computed = (use) => {
      const y = tf.tidy(() => compute(uploaded)); // computes at once; only reading copies
      const result = use(y);
      y.dispose();
      return result;
    };
    return {
      run: () => computed(() => {}),
      output: () => computed((y) => y.dataSync()),
      dispose: () => tf.dispose(uploaded),
    };
  }
  // The wasm backend has no erf GELU of its own: the same five operations as in the ONNX graph.
  const gelu = (x) => tf.mul(tf.mul(x, tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)), 0.5);
  const layerNorm = (x, weight, bias, eps) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, eps))), weight), bias);
  };
  // Only products of two operands that are not transposed reach XNNPACK: weights are transposed once, k in every pass.
  const linear = (x, weight, bias) => tf.fused.matMul({ a: x, b: weight, bias });
  const flipped = (tensor) => (tensor.dims.length === 2 ? transposed(tensor) : tensor);
  const attend = (q, k, v, dHead, mask) => {
    const axes = [...k.shape.keys()];
    const kT = tf.transpose(k, [...axes.slice(0, -2), axes.at(-1), axes.at(-2)]);
    let scores = tf.div(tf.matMul(q, kT), Math.sqrt(dHead));
    if (mask) scores = tf.add(scores, mask);
    return tf.matMul(tf.softmax(scores), v);
  };
  return {
    name: `tfjs-backend-wasm ${version}`,
    linear: ({ x, weight, bias }) =>
      runner({ x, weight: transposed(weight), bias }, ({ x, weight, bias }) =>
        linear(x, weight, bias),
      ),
    softmax: ({ x }) => runner({ x }, ({ x }) => tf.softmax(x)),
    gelu: ({ x }) => runner({ x }, ({ x }) => gelu(x)),
    layerNorm: ({ eps, ...tensors }) =>
      runner(tensors, ({ x, weight, bias }) => layerNorm(x, weight, bias, eps)),
    attention: ({ q, k, v, dHead, length, causal }) =>
      runner(
        {
          q,
          k,
          v,
          ...(causal && { mask: { data: causalMask(length), dims: [1, 1, length, length] } }),
        },
        ({ q, k, v, mask }) => attend(q, k, v, dHead, mask),
      ),
    encoder: ({ x, shape: { layers, dModel, heads, length, eps }, parameter, names }) =>
      runner(
        { x, ...Object.fromEntries(names.map((name) => [name, flipped(parameter(name))])) },
        (t) => {
          const of = (name) => [t[`${name}.weight`], t[`${name}.bias`]];
          let y = tf.reshape(t.x, [length, dModel]);
          for (let l = 0; l < layers; l++) {
            const block = `blocks.${l}`;
            const split = (name) =>
              tf.transpose(
                tf.reshape(linear(y, ...of(`${block}.attn.${name}`)), [
                  length,
                  heads,
                  dModel / heads,
                ]),
                [1, 0, 2],
              );
            const z = attend(split('q_proj'), split('k_proj'), split('v_proj'), dModel / heads);
            const joined = tf.reshape(tf.transpose(z, [1, 0, 2]), [length, dModel]);
            const mid = layerNorm(
              tf.add(linear(joined, ...of(`${block}.attn.out_proj`)), y),
              ...of(`${block}.norm1`),
              eps,
            );
            const hidden = gelu(linear(mid, ...of(`${block}.mlp.fc1`)));
            y = layerNorm(
              tf.add(linear(hidden, ...of(`${block}.mlp.fc2`)), mid),
              ...of(`${block}.norm2`),
              eps,
            );
          }
          return y;
        },
      ),
  };
}
