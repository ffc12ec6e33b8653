// Steps in which @huggingface/tokenizers 0.2.0 gives other tokens than the Rust library that Transformers uses, done as there.
// https://github.com/huggingface/tokenizers/tree/main/tokenizers/src: normalizers/bert.rs, normalizers/precompiled.rs, decoders/byte_fallback.rs.
import { BertNormalizer as LibraryBertNormalizer, ByteFallbackDecoder, type Decoder, type Normalizer, type Tokenizer } from '@huggingface/tokenizers';
import { byteOf } from './bytes.js';

/** Puts them in place, within sequences, too. */
export function correctSteps(tokenizer: Tokenizer): void {
  tokenizer.normalizer = normalizer(tokenizer.normalizer);
  tokenizer.decoder = decoder(tokenizer.decoder);
}

function normalizer(step: Normalizer | null): Normalizer | null {
  const { normalizers } = (step ?? {}) as { normalizers?: (Normalizer | null)[] };
  if (Array.isArray(normalizers)) normalizers.forEach((each, index) => (normalizers[index] = normalizer(each)));
  return step instanceof LibraryBertNormalizer ? new BertNormalizer(step.config) : step;
}

function decoder(step: Decoder | null): Decoder | null {
  const { decoders } = (step ?? {}) as { decoders?: Decoder[] };
  if (Array.isArray(decoders)) decoders.forEach((each, index) => (decoders[index] = decoder(each)!));
  return step instanceof ByteFallbackDecoder ? new ByteFallback({ type: 'ByteFallback' }) : step;
}

/** Characters one by one: no ς at the end of a word, and ideographs beyond 16 bits stand alone as well. */
class BertNormalizer extends LibraryBertNormalizer {
  override normalize(text: string): string {
    const { clean_text: clean, handle_chinese_chars: chinese, lowercase, strip_accents: strip } = this.config;
    if (clean) text = text.replace(/\0|\ufffd|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu, '').replace(/\p{White_Space}/gu, ' ');
    if (chinese) text = text.replace(ideograph, ' $& ');
    if (strip ?? lowercase) text = text.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lowercase ? Array.from(text, (character) => character.toLowerCase()).join('') : text;
  }
}

const ideograph = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** Bytes that are no text become U+FFFD one by one, and a byte order mark stays. */
class ByteFallback extends ByteFallbackDecoder {
  override decode_chain(tokens: string[]): string[] {
    const result: string[] = [];
    for (let at = 0; at < tokens.length; ) {
      const bytes: number[] = [];
      for (let byte = byteOf(tokens[at]!); byte !== undefined; byte = at < tokens.length ? byteOf(tokens[at]!) : undefined) {
        bytes.push(byte);
        at += 1;
      }
      if (bytes.length === 0) result.push(tokens[at++]!);
      else result.push(textOr(bytes, '\ufffd'.repeat(bytes.length)));
    }
    return result;
  }
}

function textOr(bytes: readonly number[], otherwise: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return otherwise;
  }
}
