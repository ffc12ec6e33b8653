// Llama's tokenizer.model, byte-pair encoding by SentencePiece, as the tokenizer.json that it stands for.
// As transformers/models/llama/tokenization_llama.py, SentencePieceExtractor and generate_merges.
import { fail } from '../core/errors.js';
import type { CheckpointFiles } from './files.js';
import type { Converted, ReadSettings } from './conversion.js';
import { readSentencePiece, type SentencePiece } from './sentencepiece.js';
import { beforeAndAfter } from './template.js';

const name = 'tokenizer.model';

export async function convertLlama(
  files: CheckpointFiles,
  readSettings: ReadSettings,
): Promise<Converted | undefined> {
  const file = await files.bytes(name);
  if (!file) return undefined;
  const { pieces, algorithm } = readSentencePiece(name, file);
  if (algorithm !== 'bpe')
    fail(
      'unsupported_checkpoint',
      `${name}: trainer_spec.model_type: expected bpe, got ${algorithm}`,
    );
  const vocab = Object.fromEntries(pieces.map(({ text }, id) => [text, id]));
  const tokens = (await readSettings()).withDefaults({
    unk_token: '<unk>',
    bos_token: '<s>',
    eos_token: '</s>',
  });
  const hasPrefix = tokens.boolean('add_prefix_space', true);
  const atEverySection = tokens.boolean('legacy', false);
  const symbols = pieces.filter(({ kind }) => kind === 'control' || kind === 'user_defined');
  const added = tokens.added(vocab);
  const others = symbols.filter(({ text }) => !added.some(({ content }) => content === text));
  return {
    name,
    config: tokens.fields,
    json: {
      added_tokens: [
        ...added,
        ...others.map(({ text, kind }) => ({
          content: text,
          id: vocab[text],
          special: kind === 'control',
          normalized: false,
        })),
      ],
      pre_tokenizer: {
        type: 'Metaspace',
        replacement: '▁',
        prepend_scheme: hasPrefix ? (atEverySection ? 'always' : 'first') : 'never',
        split: false,
      },
      post_processor: beforeAndAfter(tokens, vocab, name),
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          ...(hasPrefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
        ],
      },
      model: {
        type: 'BPE',
        vocab,
        merges: mergesOf(pieces, vocab),
        byte_fallback: true,
        fuse_unk: true,
        continuing_subword_prefix: '',
      },
    },
  };
}

/** Every way to make a piece of two, in the order of the pieces' ids, the shortest left part first. */
function mergesOf(
  pieces: readonly SentencePiece[],
  vocab: Readonly<Record<string, number>>,
): [string, string][] {
  return pieces.flatMap(({ text }) => {
    const characters = Array.from(text);
    return characters.slice(1).flatMap((_, index): [string, string][] => {
      const left = characters.slice(0, index + 1).join('');
      const right = text.slice(left.length);
      return Object.hasOwn(vocab, left) && Object.hasOwn(vocab, right) ? [[left, right]] : [];
    });
  });
}
