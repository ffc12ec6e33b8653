// Reads tests/golden: manifests and their tensors. Knows nothing of the package.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const goldenFolder = fileURLToPath(new URL('../golden', import.meta.url));
const textDecoder = new TextDecoder();

/** The path of a checkpoint of the golden files. */
export function checkpointPath(name, folder = goldenFolder) {
  return join(folder, 'checkpoints', name);
}

/** float32 of the upper 16 bits. */
function fromBfloat16(bits) {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}

/** IEEE 754 binary16 to float32, subnormals included. */
function fromFloat16(bits) {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
    return (
      sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
    );
  });
}

const readers = {
  F32: (buffer) => new Float32Array(buffer),
  F16: (buffer) => fromFloat16(new Uint16Array(buffer)),
  BF16: (buffer) => fromBfloat16(new Uint16Array(buffer)),
  I32: (buffer) => new Int32Array(buffer),
  I64: (buffer) => Int32Array.from(new BigInt64Array(buffer), Number),
  U8: (buffer) => new Uint8Array(buffer),
};

/** A safetensors file as a Map name → { data, dims }; floats as Float32Array. */
export function readSafetensors(path) {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const start = 8 + headerLength;
  const header = JSON.parse(textDecoder.decode(bytes.subarray(8, start)));
  delete header.__metadata__;
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const copy = Uint8Array.prototype.slice.call(bytes, start + begin, start + end).buffer;
        return [name, { data: readers[dtype](copy), dims: shape }];
      },
    ),
  );
}

/** All manifests: { group, checkpoints, cases }, each case with its tensors as Maps `inputs`, `parameters`, `expected`. */
export function readGroups(folder = goldenFolder) {
  const names = readdirSync(folder);
  const manifests = names.filter(
    (name) => name.endsWith('.json') && names.includes(name.replace('.json', '.safetensors')),
  );
  return manifests.map((file) => {
    const manifest = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const tensors = readSafetensors(join(folder, file.replace('.json', '.safetensors')));
    const section = (testCase, name) =>
      new Map(testCase[name].map((key) => [key, tensors.get(`${testCase.name}/${name}/${key}`)]));
    const cases = manifest.cases.map((testCase) => ({
      ...testCase,
      inputs: section(testCase, 'inputs'),
      parameters: section(testCase, 'parameters'),
      expected: section(testCase, 'expected'),
    }));
    return { ...manifest, cases };
  });
}

/** The parameters of a checkpoint's folder, in one file or in shards, by our names: `table` says which tensor each is. */
export function readParameters(checkpoint, table) {
  const path = checkpointPath(checkpoint);
  const files = readdirSync(path).filter((name) => name.endsWith('.safetensors'));
  const saved = new Map(files.flatMap((name) => [...readSafetensors(`${path}/${name}`)]));
  return new Map(
    Object.entries(table).map(([ours, theirs]) => {
      if (typeof theirs === 'string') return [ours, saved.get(theirs)];
      const tensor = saved.get(theirs.tensor);
      const { dims = tensor.dims, plus, by_head: heads } = theirs;
      if (theirs.transposed) return [ours, transposed(tensor)];
      if (heads) return [ours, { data: byProjection(tensor.data, heads), dims }];
      return [ours, { data: plus ? tensor.data.map((x) => x + plus) : tensor.data, dims }];
    }),
  );
}

/** Rows of q, k and v of each head in turn, as the rows of q of all heads, then of k, then of v. */
function byProjection(data, heads) {
  const size = data.length / (3 * heads);
  const parts = [0, 1, 2].flatMap((which) =>
    Array.from({ length: heads }, (_, h) =>
      data.subarray((3 * h + which) * size, (3 * h + which + 1) * size),
    ),
  );
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function transposed({ data, dims: [rows, cols] }) {
  return {
    data: Float32Array.from(data, (_, i) => data[(i % rows) * cols + Math.floor(i / rows)]),
    dims: [cols, rows],
  };
}
