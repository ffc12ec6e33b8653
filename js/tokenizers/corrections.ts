// Steps in which @huggingface/tokenizers 0.2.0 gives other tokens than the Rust library that Transformers uses, done as there.
// https://github.com/huggingface/tokenizers/tree/main/tokenizers/src: normalizers/bert.rs, normalizers/precompiled.rs,
// pre_tokenizers/byte_level.rs, processors/roberta.rs, decoders/byte_fallback.rs.
import {
  BertNormalizer as LibraryBertNormalizer,
  ByteFallbackDecoder,
  ByteLevelPostProcessor,
  ByteLevelPreTokenizer,
  PrecompiledNormalizer,
  RobertaProcessingPostProcessor,
  TemplateProcessingPostProcessor,
  type Tokenizer,
} from '@huggingface/tokenizers';
import { byteOf, textOf } from './bytes.js';
import { Charsmap } from './charsmap.js';

/** Puts them in place, within sequences, too. */
export function correctSteps(tokenizer: Tokenizer): void {
  tokenizer.normalizer = corrected(tokenizer.normalizer, 'normalizers', (step) => {
    if (step instanceof PrecompiledNormalizer && step.charsmap)
      return new Precompiled({ type: 'Precompiled', precompiled_charsmap: step.charsmap });
    return step instanceof LibraryBertNormalizer ? new BertNormalizer(step.config) : step;
  });
  tokenizer.pre_tokenizer = corrected(tokenizer.pre_tokenizer, 'tokenizers', (step) => {
    if (step instanceof ByteLevelPreTokenizer) step.pattern = withUnicodeSpaces(step.pattern);
    return step;
  });
  // Of two texts the library's step leaves the second out.
  if (!tokenizer.post_processor || tokenizer.post_processor instanceof ByteLevelPostProcessor)
    tokenizer.post_processor = oneAfterTheOther;
  tokenizer.post_processor = corrected(tokenizer.post_processor, 'processors', (step) =>
    step instanceof RobertaProcessingPostProcessor
      ? new RobertaProcessing(
          step.config as ConstructorParameters<typeof RobertaProcessingPostProcessor>[0],
        )
      : step,
  );
  tokenizer.decoder = corrected(tokenizer.decoder, 'decoders', (step) =>
    step instanceof ByteFallbackDecoder ? new ByteFallback({ type: 'ByteFallback' }) : step,
  );
}

/** `members` is the field of a sequence with its steps. */
function corrected<T>(step: T | null, members: string, correct: (step: T) => T): T | null {
  const within = (step as Record<string, unknown> | null)?.[members] as (T | null)[] | undefined;
  if (Array.isArray(within))
    within.forEach((each, index) => (within[index] = corrected(each, members, correct)));
  return step && correct(step);
}

/** JavaScript's \s has the byte order mark and lacks U+0085. */
const withUnicodeSpaces = ({ source, flags }: RegExp): RegExp =>
  new RegExp(
    source.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'),
    flags,
  );

/** Characters one by one: no ς at the end of a word, and ideographs beyond 16 bits stand alone as well. */
class BertNormalizer extends LibraryBertNormalizer {
  override normalize(text: string): string {
    const {
      clean_text: clean,
      handle_chinese_chars: chinese,
      lowercase,
      strip_accents: strip,
    } = this.config;
    if (clean)
      text = text
        .replace(/\0|\ufffd|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu, '')
        .replace(/\p{White_Space}/gu, ' ');
    if (chinese) text = text.replace(ideograph, ' $& ');
    if (strip ?? lowercase) text = text.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lowercase ? Array.from(text, (character) => character.toLowerCase()).join('') : text;
  }
}

const ideograph =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** By the rules themselves, which the library approximates: of a short grapheme, or else of each of its characters. */
class Precompiled extends PrecompiledNormalizer {
  readonly #rules = new Charsmap(
    'tokenizer.json',
    Uint8Array.from(atob(String(this.charsmap)), (byte) => byte.charCodeAt(0)),
  );

  override normalize(text: string): string {
    return graphemes(text)
      .map(
        (grapheme) =>
          this.#instead(grapheme, 5) ??
          Array.from(grapheme, (character) => this.#instead(character, 4) ?? character).join(''),
      )
      .join('');
  }

  /** What takes the place of a part of at most so many bytes. */
  #instead(part: string, most: number): string | undefined {
    const bytes = encoder.encode(part);
    return bytes.length > most ? undefined : this.#rules.matches(bytes, 0).next().value?.text;
  }
}

const encoder = new TextEncoder();

/** Firefox has the segmenter since 2024; before, characters are what is nearest. */
const graphemes = (text: string): string[] =>
  'Segmenter' in Intl
    ? Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment)
    : Array.from(text);

const first = { Sequence: { id: 'A' as const, type_id: 0 } };
const second = { Sequence: { id: 'B' as const, type_id: 1 } };
const oneAfterTheOther = new TemplateProcessingPostProcessor({
  type: 'TemplateProcessing',
  single: [first],
  pair: [first, second],
});

/** All tokens are of type 0, those of a second text, too: RoBERTa has no other. */
class RobertaProcessing extends RobertaProcessingPostProcessor {
  override post_process(...given: Parameters<RobertaProcessingPostProcessor['post_process']>) {
    const { tokens } = super.post_process(...given);
    return { tokens, token_type_ids: tokens.map(() => 0) };
  }
}

/** Bytes that are no text become U+FFFD one by one, and a byte order mark stays. */
class ByteFallback extends ByteFallbackDecoder {
  override decode_chain(tokens: string[]): string[] {
    const parts: (string | number[])[] = [];
    for (const token of tokens) {
      const byte = byteOf(token);
      const last = parts.at(-1);
      if (byte === undefined) parts.push(token);
      else if (Array.isArray(last)) last.push(byte);
      else parts.push([byte]);
    }
    return parts.map((part) =>
      typeof part === 'string' ? part : (textOf(part) ?? '\ufffd'.repeat(part.length)),
    );
  }
}
