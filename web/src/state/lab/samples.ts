// What a model is given as it opens, where nobody gave it anything: an input that shows what it is for. Pure.
import { inLevels } from '../../lib/ink-text.ts';
import { fourOf } from '../../lib/pen.ts';
import type { TextModel } from './model.svelte.ts';
import type { OpenModel } from './open-model.svelte.ts';
import type { Input } from './run.ts';
import type { Seq2SeqModel } from './seq2seq-model.ts';
import type { VisionModel } from './vision-model.ts';

export type Sample = Partial<Pick<Input, 'text' | 'target' | 'picture'>>;

/** `text`: an input that this model is known to read. */
export function sampleFor(model: OpenModel, text?: string): Sample {
  switch (model.kind) {
    case 'vision':
      return { picture: { drawing: inLevels(fourOf((model as VisionModel).drawingSize)) } };
    case 'seq2seq':
      return forSeq2Seq(model as Seq2SeqModel, text);
    case 'text':
      if (text !== undefined) return { text };
      // A model of the page is shown with an example of its own.
      return model.origin.from === 'page' ? {} : { text: forText(model as TextModel) };
  }
}

function forSeq2Seq(model: Seq2SeqModel, given?: string): Sample {
  const { hasTokenizer, canWrite, languageCodes } = model;
  if (!hasTokenizer) return { text: '5 3 8 2 9 4', target: canWrite ? '' : '4 9 2' };
  const sentence = given ?? 'the animal did not cross the street .';
  const [language] = languageCodes;
  const text = language !== undefined && given === undefined ? `${language} ${sentence}` : sentence;
  return { text, target: canWrite ? '' : text };
}

/** A causal model is given a beginning, one that fills blanks a blank. */
function forText({ maskText, predicts, causal }: TextModel): string {
  if (maskText !== null && predicts) return `The capital of France is ${maskText}.`;
  return causal
    ? 'When Mary and John went to the shop, John gave a book to'
    : 'The animal did not cross the street because it was too tired.';
}
