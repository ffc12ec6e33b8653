// Marian's two tokenizers: SentencePiece finds the pieces of a text, source.spm of one to translate and target.spm of a translation;
// vocab.json says their ids. As transformers/models/marian/tokenization_marian.py.
import { composeTokenizer } from './read-tokenizer.js';
import type { Tokenizer } from '../core/text-types.js';
import type { CheckpointFiles } from './files.js';
import type { ReadSettings } from './conversion.js';
import { normalizerOf, type TracedText } from './normalized.js';
import type { AlignedText } from './pipeline/aligned-text.js';
import { bytesOf, tokensById, type TokenModel, type Token } from './pipeline/model.js';
import type { PreTokenizer } from './pipeline/pre-tokenizers.js';
import { readSentencePiece, type SentencePieceModel } from './sentencepiece.js';
import type { Settings } from './settings.js';
import { unigramOf } from './unigram.js';
import { readVocab, type Vocab } from './vocab.js';
import { SentencePieceDecoder } from './written.js';

const defaults = { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' };

/** undefined where the checkpoint has no source.spm. */
export async function readMarian(
  files: CheckpointFiles,
  readSettings: ReadSettings,
): Promise<{ tokenizer: Tokenizer; targetTokenizer: Tokenizer } | undefined> {
  const source = await files.bytes('source.spm');
  if (!source) return undefined;
  const target = (await files.bytes('target.spm')) ?? files.missing('target.spm', 'source.spm');
  const sourceModel = readSentencePiece('source.spm', source);
  const targetModel = readSentencePiece('target.spm', target);
  const vocab = await readVocab(files, 'vocab.json', 'source.spm');
  const settings = await readSettings();
  const hasTwoVocabs = settings.boolean('separate_vocabs', false);
  const targetVocab = hasTwoVocabs
    ? await readVocab(files, 'target_vocab.json', 'source.spm')
    : vocab;
  // Transformers reads the ids of one vocabulary by the source's model, whichever side they are of.
  return {
    tokenizer: tokenizerOf('vocab.json', settings, vocab, sourceModel, sourceModel),
    targetTokenizer: tokenizerOf(
      hasTwoVocabs ? 'target_vocab.json' : 'vocab.json',
      settings,
      targetVocab,
      targetModel,
      hasTwoVocabs ? targetModel : sourceModel,
    ),
  };
}

function tokenizerOf(
  name: string,
  settings: Settings,
  vocab: Vocab,
  model: SentencePieceModel,
  written: SentencePieceModel,
): Tokenizer {
  const tokens = settings.withDefaults(defaults);
  const [eos, unk] = (['eos_token', 'unk_token'] as const).map((field) =>
    tokens.token(field, vocab, name),
  );
  const added = tokens.added(vocab);
  const json = { added_tokens: added, post_processor: afterText(eos!) };
  const decoder = new SentencePieceDecoder(
    written,
    new Set(added.filter(({ special }) => special).map(({ content }) => content)),
  );
  return composeTokenizer(
    name,
    json,
    tokens.fields,
    {
      preTokenizer: codeAndText(normalizerOf(model)),
      model: modelOf(model, vocab, vocab[unk!]!),
      decoder: (all) => decoder.decode(all),
    },
    Object.keys(vocab).filter(isCode),
  );
}

/** Pieces by the SentencePiece model, their ids by the vocabulary. */
function modelOf(model: SentencePieceModel, vocab: Vocab, unknown: number): TokenModel {
  const ids = new Map(Object.entries(vocab));
  const tokens = tokensById(ids);
  const stretchesOf = unigramOf(model);
  return {
    vocab: ids,
    size: ids.size,
    idToToken: (id) => tokens.get(id),
    tokenize: (word) => {
      let byte = 0;
      return (isCode(word) ? [[word, [word]] as const] : stretchesOf(word)).flatMap(
        ([text, pieces]): Token[] => {
          const [start, end] = [byte, (byte += bytesOf(text))];
          return pieces.map((piece) => ({
            id: ids.get(piece) ?? unknown,
            text: piece,
            start,
            end,
          }));
        },
      );
    },
  };
}

/** One text and, after it, another; then the end. */
function afterText(eos: string): object {
  const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const end = { SpecialToken: { id: eos, type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [text('A'), end],
    pair: [text('A'), text('B'), end],
  };
}

/** >>fr<<, which says the language to translate to. */
const isCode = (word: string): boolean => word.startsWith('>>') && word.endsWith('<<');

/** The code before a text, where it has one, and the text as SentencePiece sees it. */
const codeAndText =
  (normalize: (text: string) => TracedText): PreTokenizer =>
  (given: AlignedText) => {
    const length = given.text.startsWith('>>') ? given.text.indexOf('<<') + 2 : 0;
    const at = length > 2 ? length : 0;
    const rest = given.slice(at, given.text.length);
    const { text, sources } = normalize(rest.text);
    // A space is not of the word that it stands before.
    const ofWords = sources.map((source, unit) => {
      const next = text[unit] === '▁' ? sources[unit + 1] : undefined;
      return next ? ([next[0], next[0]] as const) : source;
    });
    return [given.slice(0, at), rest.rewritten(text, ofWords)];
  };
