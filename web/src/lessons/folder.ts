// A lesson's model as a folder that Explore and the package can open: what the package writes, with how texts or
// pictures become its inputs. Knows lessons, not the page.
import type { Model, SaveOptions } from 'attention-lab';
import type { Lesson } from './lesson.ts';

/** File name → bytes. */
export function folderOf(
  model: Model,
  lesson: Lesson,
  options?: SaveOptions,
): Map<string, Uint8Array> {
  const saved = model.save(options);
  if (lesson.kind === 'drawing') {
    const config = JSON.parse(new TextDecoder().decode(saved.get('config.json'))) as Record<
      string,
      unknown
    >;
    saved.set('config.json', jsonFile({ ...config, id2label: { ...lesson.vocabulary } }));
    return saved.set('preprocessor_config.json', jsonFile(preprocessor(lesson.size)));
  }
  if (!lesson.tokenizer)
    saved.set('tokenizer.json', jsonFile(characterTokenizer(lesson.vocabulary)));
  for (const [name, text] of lesson.tokenizer ?? [])
    saved.set(name, new TextEncoder().encode(text));
  const { decoderInputIds = [], stopTokens = [] } = lesson.prompt?.(lesson.samples[0]!) ?? {};
  if (stopTokens.length > 0)
    saved.set(
      'generation_config.json',
      jsonFile({ decoder_start_token_id: decoderInputIds[0], eos_token_id: stopTokens }),
    );
  return saved;
}

const jsonFile = (content: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);

/** Every character is a token. A character that a lesson does not know has no id. */
const characterTokenizer = (vocabulary: readonly string[]) => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated', invert: false },
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    unk_token: '[UNK]',
  },
});

/** Ink is light on dark: 0 paper, 1 ink. */
const preprocessor = (size: number) => ({
  image_processor_type: 'ViTImageProcessor',
  size: { height: size, width: size },
  do_normalize: false,
});
