// Pieces that stand for one byte each, as <0xE2>, and texts of bytes that may be no text.
const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The pieces of a text's bytes. */
export const bytePieces = (text: string): string[] =>
  Array.from(
    encoder.encode(text),
    (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );

/** The byte that a piece stands for. */
export function byteOf(piece: string): number | undefined {
  return /^<0x[0-9A-Fa-f]{2}>$/.test(piece) ? Number.parseInt(piece.slice(3, 5), 16) : undefined;
}

/** undefined where the bytes are no text. */
export function textOf(bytes: readonly number[]): string | undefined {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

/** Character by character, U+FFFD for every byte of none: as SentencePiece decodes its byte pieces. */
export function lossyTextOf(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!;
    const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const character = textOf(bytes.slice(at, at + length));
    text += character ?? '\ufffd';
    at += character === undefined ? 1 : length;
  }
  return text;
}
