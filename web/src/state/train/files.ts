// A trained model as one .zip, and back: the folder that the package writes and reads, with the lesson it learned.
import { AttentionLabError, type Model } from 'attention-lab';
import { zipSync } from 'fflate';
import { mostBytes, unzip } from '../../lib/unzip.ts';
import { folderOf } from '../../lessons/folder.ts';
import type { Lesson } from '../../lessons/lesson.ts';
import { shapeOf } from './shape.ts';
import type { Shape } from './protocol.ts';

const note = 'lesson.json';

/** What a saved model says of itself beside its weights. */
export interface SavedRun extends Shape {
  lesson: string;
  seed: number;
  learningRate: number;
  steps: number;
  /** An input of the lesson, for who opens the model elsewhere. */
  sample?: string | undefined;
}

export function zipOf(
  model: Model,
  lesson: Lesson,
  run: Omit<SavedRun, keyof Shape | 'sample'>,
): { name: string; bytes: Uint8Array<ArrayBuffer> } {
  const saved: SavedRun = {
    ...run,
    ...shapeOf(model.config),
    ...(lesson.kind === 'text' && { sample: lesson.samples[0] }),
  };
  const files = {
    ...Object.fromEntries(folderOf(model, lesson)),
    [note]: new TextEncoder().encode(`${JSON.stringify(saved, null, 2)}\n`),
  };
  // Weights hardly shrink: storing them keeps saving instant.
  return {
    name: `${lesson.id}-step-${run.steps}.zip`,
    bytes: zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>,
  };
}

/** The files of a saved model, and what its note says; null where it has none. */
export async function readSaved(
  chosen: readonly File[],
): Promise<{ files: File[]; run: SavedRun | null }> {
  const files = (
    await Promise.all(
      chosen.map(async (file) => (file.name.endsWith('.zip') ? unpacked(file) : [file])),
    )
  ).flat();
  const text = await files.find((file) => file.name === note)?.text();
  return {
    files: files.filter((file) => file.name !== note),
    run: text === undefined ? null : parse(text),
  };
}

async function unpacked(file: File): Promise<File[]> {
  if (file.size > mostBytes)
    throw new AttentionLabError(
      'bad_checkpoint',
      `${file.name}: expected a .zip of at most ${mostBytes} bytes, got ${file.size}`,
    );
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    // Of a zipped folder too: the package wants the files' own names.
    return [...unzip(bytes)].map(
      ([path, content]) => new File([content as BlobPart], path.split('/').at(-1)!),
    );
  } catch (error) {
    throw new AttentionLabError(
      'bad_checkpoint',
      `${file.name}: expected a .zip, got ${(error as Error).message}`,
    );
  }
}

function parse(text: string): SavedRun {
  const is = (value: unknown): value is number =>
    typeof value === 'number' && Number.isFinite(value);
  try {
    const { lesson, seed, learningRate, steps, layers, heads, width, sample } = JSON.parse(
      text,
    ) as SavedRun;
    if (typeof lesson === 'string' && [seed, learningRate, steps, layers, heads, width].every(is)) {
      return {
        lesson,
        seed,
        learningRate,
        steps,
        layers,
        heads,
        width,
        sample: typeof sample === 'string' ? sample : undefined,
      };
    }
  } catch {
    // said below
  }
  throw new AttentionLabError(
    'bad_checkpoint',
    `${note}: expected lesson, seed, learningRate, steps, layers, heads and width`,
  );
}
