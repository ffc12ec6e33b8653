// Opens a .zip that somebody brings: its declared sizes first, limits on them, and every file as long and with the checksum as said.
import { unzipSync } from 'fflate';

/** Of all files together, unpacked. The largest lesson is a few MB. */
export const mostBytes = 1 << 28;
const mostFiles = 1000;

/** Path → content; throws an Error that says what is wrong with the archive. */
export function unzip(bytes: Uint8Array): Map<string, Uint8Array> {
  const entries = directoryOf(bytes);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (entries.length > mostFiles)
    throw new Error(`expected at most ${mostFiles} files, got ${entries.length}`);
  if (total > mostBytes)
    throw new Error(`expected at most ${mostBytes} bytes unpacked, the archive declares ${total}`);
  // fflate unpacks into memory of the declared size, and no further.
  const contents = unzipSync(bytes);
  const files = new Map<string, Uint8Array>();
  for (const { name, size, checksum } of entries) {
    if (name.endsWith('/')) continue;
    const content = Object.hasOwn(contents, name) ? contents[name] : undefined;
    if (content?.length !== size || crc32(content) !== checksum)
      throw new Error(`broken: ${name.slice(0, 60)} is not what the archive says of it`);
    files.set(name, content);
  }
  return files;
}

interface Entry {
  name: string;
  size: number;
  checksum: number;
}

const signatures = { end: 0x06054b50, entry: 0x02014b50 };
const endSize = 22;
const entrySize = 46;
const longestComment = 0xffff;

/** The central directory, which says what the archive holds. APPNOTE.TXT 6.3, sections 4.3.12 and 4.3.16. */
function directoryOf(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - endSize;
  const first = Math.max(end - longestComment, 0);
  while (end >= first && view.getUint32(end, true) !== signatures.end) --end;
  if (end < first) throw new Error('broken: no end of a zip archive was found');
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; --count) {
    if (at + entrySize > end || view.getUint32(at, true) !== signatures.entry)
      throw new Error('broken: its directory is cut off');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      view.getUint16(at + offset, true),
    ) as [number, number, number];
    const name = bytes.subarray(at + entrySize, at + entrySize + nameLength);
    entries.push({
      name: new TextDecoder().decode(name),
      size: view.getUint32(at + 24, true),
      checksum: view.getUint32(at + 16, true),
    });
    at += entrySize + nameLength + extraLength + commentLength;
  }
  return entries;
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; ++bit)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
