// This project's kernels and the limits F, M and B, called directly in a wasm module that only the benchmark builds.
const GELU = 2; // kernels::Activation::gelu
const weightTypes = ['f32', 'f16', 'int8']; // kernels::WeightType

export async function loadKernels(module) {
  const nothing = () => 0;
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = nothing;
  const wasm = (await WebAssembly.instantiate(module, imports)).exports;
  wasm._initialize?.();

  const view = (pointer, size) => new Float32Array(wasm.memory.buffer, pointer, size);
  function place(data) {
    const pointer = wasm.allocate(data.length);
    view(pointer, data.length).set(data);
    return pointer;
  }

  /** { run, output, dispose } as the peers give. Inputs, outputs and constants (packed weights) stay in wasm memory. */
  function contestant({ inputs, constants = [], outputSize, call }) {
    const fixed = constants.map(place);
    const pointers = inputs.map(place);
    const result = wasm.allocate(outputSize);
    const run = () => call(pointers, fixed, result);
    return {
      run,
      output: () => (run(), view(result, outputSize).slice()),
      dispose: () => [...fixed, ...pointers, result].forEach((pointer) => wasm.release(pointer)),
    };
  }

  function best(run, rounds) {
    let most = 0;
    for (let i = 0; i < 25; i++) {
      const start = performance.now();
      run(rounds);
      most = Math.max(most, rounds / (performance.now() - start));
    }
    return most; // rounds a millisecond
  }

  return {
    /** GFLOP/s and GB/s that the machine gives this module at best. */
    limits() {
      for (let i = 0; i < 20_000; i++) {
        wasm.limit_multiply_add(1);
        wasm.limit_multiply_then_add(1);
      }
      const flops = 12 * 4 * 2; // a round
      const floats = (64 * 2 ** 20) / 4; // larger than the caches
      const memory = place(new Float32Array(floats).fill(1));
      const limits = {
        F: (best(wasm.limit_multiply_add, 2_000_000) * flops) / 1e6,
        M: (best(wasm.limit_multiply_then_add, 2_000_000) * flops) / 1e6,
        B: (best((size) => wasm.limit_read(memory, size), floats) * 4) / 1e6,
      };
      wasm.release(memory);
      return limits;
    },
    memoryBytes: () => wasm.memory.buffer.byteLength,
    linear({ x, weight, bias, dtype = 'f32' }) {
      const type = weightTypes.indexOf(dtype);
      const [rows] = x.dims;
      const [out, inputs] = weight.dims;
      const packed = wasm.allocate(wasm.packed_size(inputs, out, type));
      const [w, b] = [weight.data, bias.data].map(place);
      wasm.pack(w, b, inputs, out, type, packed);
      wasm.release(w);
      wasm.release(b);
      const made = contestant({
        inputs: [x.data],
        outputSize: rows * out,
        call: ([x], _, y) => wasm.run_linear(x, packed, type, rows, inputs, out, 0, y),
      });
      return { ...made, dispose: () => (made.dispose(), wasm.release(packed)) };
    },
    softmax: ({ x }) =>
      contestant({
        inputs: [x.data],
        outputSize: x.data.length,
        call: ([p], _, y) => wasm.run_softmax(p, x.data.length / x.dims.at(-1), x.dims.at(-1), y),
      }),
    gelu: ({ x }) =>
      contestant({
        inputs: [x.data],
        outputSize: x.data.length,
        call: ([p], _, y) => wasm.run_activation(GELU, p, x.data.length, y),
      }),
    layerNorm: ({ x, weight, bias, eps }) =>
      contestant({
        inputs: [x.data],
        constants: [weight.data, bias.data],
        outputSize: x.data.length,
        call: ([p], [gain, shift], y) =>
          wasm.run_layer_norm(p, gain, shift, eps, x.dims[0], x.dims[1], y),
      }),
    attention: ({ q, k, v, heads, length, dHead, causal = false, window = -1 }) =>
      contestant({
        inputs: [q.data, k.data, v.data],
        outputSize: q.data.length,
        call: ([q, k, v], _, out) =>
          wasm.run_attention(q, k, v, heads, length, dHead, causal ? 1 : 0, window, out, 0),
      }),
  };
}
