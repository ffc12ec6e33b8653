// The decoders of tokenizer.json: tokens back into a text. As src/decoders.
import { byteOf, textOf } from '../bytes.js';
import { bytesOfToken } from './byte-alphabet.js';
import type { Fields } from './fields.js';
import { readPattern } from './pattern.js';
import { prependSchemeOf } from './pre-tokenizers.js';

export type Decoder = (tokens: readonly string[]) => readonly string[];

export function readDecoder(step: Fields): Decoder {
  switch (step.string('type')) {
    case 'ByteLevel':
      return decodeBytes;
    case 'ByteFallback':
      return fallBack;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'WordPiece': {
      const [prefix, cleans] = [step.string('prefix', '##'), step.boolean('cleanup', true)];
      return (tokens) =>
        tokens.map((token, at) => {
          const isPart = prefix === '' || token.startsWith(prefix);
          const text = at === 0 ? token : isPart ? token.slice(prefix.length) : ` ${token}`;
          return cleans ? cleanUp(text) : text;
        });
    }
    case 'Metaspace': {
      const [mark, scheme] = [step.character('replacement', '▁'), prependSchemeOf(step)];
      return (tokens) =>
        tokens.map((token, at) =>
          token.replaceAll(mark, at === 0 && scheme !== 'never' ? '' : ' '),
        );
    }
    case 'BPEDecoder': {
      const suffix = step.string('suffix', '</w>');
      return (tokens) =>
        tokens.map((token, at) => replaceAll(token, suffix, at === tokens.length - 1 ? '' : ' '));
    }
    case 'CTC':
      return readCtc(step);
    case 'Replace': {
      const [match, content] = [readPattern(step), step.string('content')];
      return (tokens) =>
        tokens.map((token) =>
          match(token)
            .map(([start, end, found]) => (found ? content : token.slice(start, end)))
            .join(''),
        );
    }
    case 'Strip':
      return readStrip(step);
    case 'Sequence': {
      const steps = step.steps('decoders', readDecoder);
      return (tokens) => steps.reduce((all, decode) => decode(all), tokens);
    }
    default:
      return step.unknownType();
  }
}

/** As Rust's str::replace: '' is before each character and at the end. */
const replaceAll = (text: string, old: string, by: string): string =>
  old === '' ? ['', ...text, ''].join(by) : text.replaceAll(old, () => by);

const decodeBytes: Decoder = (tokens) => {
  const encoder = new TextEncoder();
  const bytes = tokens.flatMap((token) => bytesOfToken(token) ?? [...encoder.encode(token)]);
  return [new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
};

/** Bytes that are no text become U+FFFD one by one. */
const fallBack: Decoder = (tokens) => {
  const parts: (string | number[])[] = [];
  for (const token of tokens) {
    const byte = byteOf(token);
    const last = parts.at(-1);
    if (byte === undefined) parts.push(token);
    else if (Array.isArray(last)) last.push(byte);
    else parts.push([byte]);
  }
  return parts.flatMap((part) =>
    typeof part === 'string' ? part : (textOf(part) ?? Array<string>(part.length).fill('\ufffd')),
  );
};

/** English without the spaces that words were cut at. */
const cleanUp = (text: string): string =>
  text
    .replaceAll(/ ([.?!,])/g, '$1')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(/ ('s|'ve|'re)/g, '$1');

/** Connectionist temporal classification: a token that comes again at once is one; Graves et al. 2006. */
function readCtc(step: Fields): Decoder {
  const pad = step.string('pad_token', '<pad>');
  const delimiter = step.string('word_delimiter_token', '|');
  const cleans = step.boolean('cleanup', true);
  return (tokens) =>
    tokens
      .filter((token, at) => at === 0 || token !== tokens[at - 1])
      .map((token) => {
        const text = replaceAll(token, pad, '');
        return cleans ? replaceAll(cleanUp(text), delimiter, ' ') : text;
      })
      .filter((text) => text !== '');
}

function readStrip(step: Fields): Decoder {
  const content = step.character('content', ' ');
  const [most, mostAfter] = [step.integer('start', 0), step.integer('stop', 0)];
  return (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token);
      let start = 0;
      let end = characters.length;
      while (start < most && characters[start] === content) start += 1;
      while (characters.length - end < mostAfter && end > 0 && characters[end - 1] === content)
        end -= 1;
      return characters.slice(start, end).join('');
    });
}
