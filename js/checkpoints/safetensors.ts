// The safetensors container: a u64 length, a JSON header, and the tensors' bytes, read as one stream.
// https://huggingface.co/docs/safetensors. Every length, offset, dtype, shape, gap and overlap is checked, as the
// format's reference implementation does. Knows no model.
import { callAndWait } from '../core/callbacks.js';
import { checkAborted, fail } from '../core/errors.js';
import { Tensor } from '../core/tensor.js';
import { parseObject } from '../core/json.js';
import { decode, refusePointer } from './read-file.js';
import type { FolderFile, ReportProgress } from './folder.js';
import { checkableDtype, FloatDecoder, type Dtype } from './dtypes.js';

/** As in the reference implementation. */
const largestHeader = 100_000_000;
const mostAxes = 16;

export interface TensorInfo {
  name: string;
  dtype: Dtype;
  dims: number[];
  /** Of the tensor's bytes, from the end of the header. */
  begin: number;
  end: number;
}

export interface Safetensors {
  /** In the order of their bytes. */
  tensors: ReadonlyMap<string, TensorInfo>;
  metadata: Readonly<Record<string, string>>;
  /** Reads on and gives the wanted tensors one at a time, in the file's order, as f32; checks the file's end. Once only. */
  read(wanted: ReadonlySet<string>): AsyncGenerator<[name: string, tensor: Tensor]>;
  /** Stops reading. */
  close(): Promise<void>;
}

/** Reads the header and leaves the stream at the first tensor. */
export async function openSafetensors(
  file: FolderFile,
  report: ReportProgress,
  signal: AbortSignal | undefined,
): Promise<Safetensors> {
  const stream = new ByteStream(file, report, signal);
  try {
    const { tensors, metadata, dataSize } = await readHeader(stream, file);
    return {
      tensors,
      metadata,
      read: (wanted) => readTensors(stream, tensors, dataSize, wanted),
      close: () => stream.close(),
    };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

async function readHeader(stream: ByteStream, file: FolderFile) {
  const length = await readHeaderLength(stream, file);
  const bytes = new Uint8Array(length);
  await stream.fill(length, 'the header', (piece, at) => bytes.set(piece, at));
  const text = decode(file.name, () => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (!text.startsWith('{'))
    fail('bad_checkpoint', `${file.name}: expected a header that begins with "{"`);
  const { __metadata__: metadata, ...entries } = parseObject(`${file.name}: header`, text);
  const infos = Object.entries(entries)
    .map(([name, entry]) => checkEntry(`${file.name}: ${name}`, name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataSize = checkContiguous(file.name, infos);
  await stream.expect(8 + length + dataSize);
  return {
    tensors: new Map(infos.map((info) => [info.name, info])),
    metadata: checkMetadata(file.name, metadata ?? {}),
    dataSize,
  };
}

async function readHeaderLength(stream: ByteStream, file: FolderFile): Promise<number> {
  const bytes = new DataView(new ArrayBuffer(8));
  await stream.fill(8, 'the length of the header', (piece, at) =>
    new Uint8Array(bytes.buffer).set(piece, at),
  );
  refusePointer(file.name, new Uint8Array(bytes.buffer));
  const length = bytes.getBigUint64(0, true);
  if (length < 2n || length > BigInt(largestHeader)) {
    fail(
      'bad_checkpoint',
      `${file.name}: expected a header of 2 to ${largestHeader} bytes, got ${length}; is it safetensors?`,
    );
  }
  if (file.size !== undefined && Number(length) + 8 > file.size) {
    fail(
      'bad_checkpoint',
      `${file.name}: truncated: the header needs ${length} bytes after the first 8, the file has ${file.size}`,
    );
  }
  return Number(length);
}

function checkEntry(label: string, name: string, entry: unknown): TensorInfo {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    fail(
      'bad_checkpoint',
      `${label}: expected { dtype, shape, data_offsets }, got ${JSON.stringify(entry).slice(0, 60)}`,
    );
  }
  const { dtype: dtypeName, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const dtype = checkableDtype(label, dtypeName);
  if (!isSizes(shape) || shape.length > mostAxes) {
    fail(
      'bad_checkpoint',
      `${label}: expected a shape of at most ${mostAxes} sizes, got ${show(shape)}`,
    );
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    fail('bad_checkpoint', `${label}: expected data_offsets [begin, end], got ${show(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, dtype.bytes);
  if (!Number.isSafeInteger(bytes) || bytes !== end - begin) {
    fail(
      'bad_checkpoint',
      `${label}: ${dtype.name} ${show(shape)} needs ${bytes} bytes, data_offsets span ${end - begin}`,
    );
  }
  return { name, dtype, dims: shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function show(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 60);
}

/** The tensors follow each other without a gap or an overlap; the sum of their bytes. */
function checkContiguous(file: string, infos: readonly TensorInfo[]): number {
  let at = 0;
  for (const { name, begin, end } of infos) {
    if (begin !== at) {
      const what =
        begin < at ? 'overlaps the one before it' : 'leaves a gap after the one before it';
      fail(
        'bad_checkpoint',
        `${file}: ${name}: expected to begin at byte ${at}, got ${begin}: it ${what}`,
      );
    }
    at = end;
  }
  return at;
}

function checkMetadata(file: string, metadata: unknown): Record<string, string> {
  const sound =
    typeof metadata === 'object' &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Object.values(metadata).every((value) => typeof value === 'string');
  if (!sound)
    fail(
      'bad_checkpoint',
      `${file}: __metadata__: expected an object of strings, got ${show(metadata)}`,
    );
  return metadata as Record<string, string>;
}

async function* readTensors(
  stream: ByteStream,
  tensors: ReadonlyMap<string, TensorInfo>,
  dataSize: number,
  wanted: ReadonlySet<string>,
): AsyncGenerator<[string, Tensor]> {
  try {
    let at = 0;
    for (const { name, dtype, dims, begin, end } of tensors.values()) {
      if (!wanted.has(name)) continue;
      await stream.fill(begin - at, 'the tensors');
      const decoder = new FloatDecoder(name, dtype, (end - begin) / dtype.bytes);
      await stream.fill(end - begin, name, (piece) => decoder.push(piece));
      at = end;
      yield [name, new Tensor(decoder.values, dims)];
    }
    await stream.fill(dataSize - at, 'the tensors');
    await stream.checkEnd();
  } finally {
    await stream.close();
  }
}

/** The file as a stream of bytes that counts, reports and aborts. */
class ByteStream {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);
  private loaded = 0;
  private total: number | undefined;

  constructor(
    private readonly file: FolderFile,
    private readonly report: ReportProgress,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.chunks = file.chunks()[Symbol.asyncIterator]();
  }

  /** What the header says of the whole file: better than any Content-Length. */
  async expect(total: number): Promise<void> {
    const { name, size } = this.file;
    if (size !== undefined && size !== total) {
      const what = size < total ? 'truncated' : 'oversized';
      fail(
        'bad_checkpoint',
        `${name}: ${what}: the header describes ${total} bytes, the file has ${size}`,
      );
    }
    this.total = total;
    await this.progress();
  }

  /** Takes `count` bytes and hands them on piece by piece; a piece is only lent. */
  async fill(
    count: number,
    what: string,
    take?: (piece: Uint8Array, at: number) => void,
  ): Promise<void> {
    for (let at = 0; at < count;) {
      if (this.rest.length === 0 && !(await this.next())) {
        fail(
          'bad_checkpoint',
          `${this.file.name}: truncated: ${what} needs ${count} bytes, the file ends after ${at} of them`,
        );
      }
      const piece = this.rest.subarray(0, count - at);
      take?.(piece, at);
      this.rest = this.rest.subarray(piece.length);
      at += piece.length;
    }
  }

  async checkEnd(): Promise<void> {
    if (this.rest.length > 0 || (await this.next())) {
      fail(
        'bad_checkpoint',
        `${this.file.name}: oversized: the header describes ${this.total} bytes, the file goes on`,
      );
    }
  }

  /** The next non-empty chunk; false at the end of the file. */
  private async next(): Promise<boolean> {
    do {
      checkAborted(this.signal, this.file.name);
      const { done, value } = await this.chunks.next();
      checkAborted(this.signal, this.file.name);
      if (done) return false;
      this.rest = value;
    } while (this.rest.length === 0);
    this.loaded += this.rest.length;
    await this.progress();
    return true;
  }

  private progress(): Promise<void> {
    const total = this.total ?? this.file.sizeHint;
    const known = total !== undefined && total >= this.loaded ? total : undefined;
    const progress = { file: this.file.name, loaded: this.loaded, total: known };
    return callAndWait('onProgress', this.report, progress);
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
