// Pieces that stand for one byte each, as <0xE2>, and texts of bytes that may be no text.
const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The pieces of a text's bytes. */
export const bytePieces = (text: string): string[] =>
  Array.from(encoder.encode(text), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/** The byte that a piece stands for. */
export function byteOf(piece: string): number | undefined {
  return /^<0x[0-9A-Fa-f]{2}>$/.test(piece) ? Number.parseInt(piece.slice(3, 5), 16) : undefined;
}

/** The longest UTF-8 characters that there are, U+FFFD for every byte of none: as SentencePiece decodes its byte pieces. */
export function textOfBytes(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = [4, 3, 2, 1].find((count) => at + count <= bytes.length && isCharacter(bytes.slice(at, at + count)));
    text += length === undefined ? '\ufffd' : strict.decode(Uint8Array.from(bytes.slice(at, at + length)));
    at += length ?? 1;
  }
  return text;
}

function isCharacter(bytes: readonly number[]): boolean {
  const first = bytes[0]!;
  if ((first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4) !== bytes.length) return false;
  try {
    strict.decode(Uint8Array.from(bytes));
    return true;
  } catch {
    return false;
  }
}
