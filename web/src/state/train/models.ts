// The models of a run: the one that trains, the same before training, and the one that ships with the page.
import { AttentionLabError, createRandom, type Model, type Runtime } from 'attention-lab';
import { inputsOf } from '../../lessons/answers.ts';
import { lessonOf } from '../../lessons/index.ts';
import type { Lesson } from '../../lessons/lesson.ts';
import { readSaved } from './files.ts';
import type { StartFrom, Setup } from './protocol.ts';
import { isSameShape, shapeOf, withShape } from './shape.ts';

export interface Models {
  training: Model;
  /** Fresh weights of the same shape and seed. */
  untrained: Model;
  /** null: none of this shape ships, or it cannot be fetched now. */
  shipped: Model | null;
}

export interface OpenedModels {
  /** As asked, or as a saved model says. */
  setup: Setup;
  lesson: Lesson;
  models: Models;
  /** Steps of training behind a saved model. */
  trainedSteps: number;
}

/** `folder`: the address of the folder of all shipped models. */
export async function openModels(
  runtime: Runtime,
  asked: Setup,
  startFrom: StartFrom,
  folder: string,
): Promise<OpenedModels> {
  const opened: Model[] = [];
  const open = async (model: Model | Promise<Model>) => (opened.push(await model), opened.at(-1)!);
  try {
    const saved = startFrom.from === 'files' ? await readSaved(startFrom.files) : null;
    const loaded = saved && (await open(runtime.loadModel(saved.files)));
    const { steps: trainedSteps = 0, sample: _, ...noted } = saved?.run ?? {};
    const setup: Setup = { ...asked, ...noted, ...(loaded && shapeOf(loaded.config)) };
    const lesson = lessonOf(setup.lesson);
    if (!lesson)
      throw new AttentionLabError(
        'bad_checkpoint',
        `lesson.json: expected a lesson of this page, got ${setup.lesson}`,
      );

    const untrained = await open(
      runtime.createModel(withShape(lesson.config, setup), { seed: setup.seed }),
    );
    const loadShipped = async () =>
      open(runtime.loadModel(await fetchModel(`${folder}${lesson.id}/`)));
    // A lesson whose checkpoint was not measured has none.
    const ships = lesson.shipped.accuracy > 0 && isSameShape(setup, shapeOf(lesson.config));
    const shipped = !ships
      ? null
      : startFrom.from === 'shipped'
        ? await loadShipped()
        : await loadShipped().catch(() => null);
    if (loaded) checkLike(untrained, loaded, lesson);
    const training =
      loaded ??
      (await open(
        startFrom.from === 'shipped'
          ? loadShipped()
          : runtime.createModel(withShape(lesson.config, setup), { seed: setup.seed }),
      ));
    return { setup, lesson, models: { training, untrained, shipped }, trainedSteps };
  } catch (error) {
    for (const model of opened) model.dispose();
    throw error;
  }
}

/** The two files that a shipped lesson consists of; a folder's address would be asked for a tokenizer, too. */
async function fetchModel(folder: string): Promise<Map<string, Uint8Array>> {
  const fetched = ['config.json', 'model.safetensors'].map(async (name) => {
    const response = await fetch(folder + name);
    if (!response.ok)
      throw new AttentionLabError(
        'file_missing',
        `${name}: expected status 200, got ${response.status}`,
      );
    return [name, new Uint8Array(await response.arrayBuffer())] as const;
  });
  return new Map(await Promise.all(fetched));
}

/** Refuses a model that does not read and answer as this lesson's: its tensors may be laid out otherwise. */
function checkLike(expected: Model, model: Model, lesson: Lesson): void {
  const { example } = lesson.example(createRandom(0), true).encoded;
  const facts = (of: Model) => {
    const { logits, attentions, crossAttentions } = of.forward(inputsOf(example), {
      outputAttentions: true,
    });
    return JSON.stringify([
      of.config.attention.causal,
      logits?.dims,
      [attentions, crossAttentions].map((all) => all?.map(({ dims }) => dims)),
    ]);
  };
  if (facts(model) !== facts(expected)) {
    throw new AttentionLabError(
      'checkpoint_mismatch',
      'config.json: expected a model of this lesson, got one of another kind',
    );
  }
}

export const parameterCount = (model: Model): number =>
  [...model.parameterShapes().values()].reduce(
    (sum, dims) => sum + dims.reduce((a, b) => a * b, 1),
    0,
  );
