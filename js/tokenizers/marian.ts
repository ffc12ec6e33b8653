// Marian's two tokenizers: SentencePiece finds the pieces of a text, source.spm of one to translate and target.spm of a translation;
// vocab.json says their ids. As transformers/models/marian/tokenization_marian.py.
import { PreTokenizer } from '@huggingface/tokenizers';
import { composeTokenizer } from './read-tokenizer.js';
import type { TracedWord } from './token-alignment.js';
import type { Tokenizer } from '../core/types.js';
import type { CheckpointFiles } from './files.js';
import type { ReadSettings } from './formats.js';
import { normalizerOf } from './normalized.js';
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
  const json = {
    added_tokens: added,
    post_processor: afterText(eos!),
    model: { type: 'WordPiece', vocab, unk_token: unk, continuing_subword_prefix: '' }, // for its ids: `encode` cuts the words
  };
  const piecesOf = unigramOf(model);
  return composeTokenizer(name, json, tokens.fields, {
    preTokenizer: new CodeAndText(normalizerOf(model)),
    encode: (words) => words.flatMap((word) => (isCode(word) ? [word] : piecesOf(word))),
    decoder: new SentencePieceDecoder(
      written,
      new Set(added.filter(({ special }) => special).map(({ content }) => content)),
    ),
    languageCodes: Object.keys(vocab).filter(isCode),
  });
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
class CodeAndText extends PreTokenizer {
  constructor(private readonly normalize: (text: string) => TracedWord) {
    super();
  }

  override pre_tokenize_text(text: string): string[] {
    return this.trace(text).map((word) => word.text);
  }

  trace(given: string): TracedWord[] {
    const length = given.startsWith('>>') ? given.indexOf('<<') + 2 : 0;
    const at = length > 2 ? length : 0;
    const code = given.slice(0, at);
    const { text, sources } = this.normalize(given.slice(at));
    const words = [
      { text: code, sources: Array.from(code, (): [number, number] => [0, at]) },
      { text, sources: sources.map(([start, end]): [number, number] => [start + at, end + at]) },
    ];
    return words.filter((word) => word.text !== '');
  }
}
