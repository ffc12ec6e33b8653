// A model of pictures: a stack over patches. Runs in a worker, so every answer is a promise. Knows no view.
import { AttentionLabError } from 'attention-lab';
import type { Backend } from '../../lab/engine/backend.ts';
import { pictureOf } from '../../lib/pen.ts';
import type { InputToken } from '../shared/attention.ts';
import type { Edits } from './edits.ts';
import { OpenModel, type Focus, type Origin } from './open-model.svelte.ts';
import { resultsOf } from './pass.ts';
import type { Input, Run } from './run.ts';
import { runSites } from './sites.ts';

export class VisionModel extends OpenModel {
  readonly kind = 'vision';
  readonly isRemote = true;
  /** Both sides of a drawing: the model's own, where one can draw in that. */
  readonly drawingSize: number;

  constructor(name: string, origin: Origin, backend: Backend) {
    super(name, origin, backend);
    if (!backend.facts.hasPreprocessor)
      throw new AttentionLabError(
        'no_preprocessor',
        'preprocessor_config.json: expected in the folder, got none',
      );
    const [height, width] = this.config.image?.size ?? [0, 0];
    this.drawingSize = height === width && width <= 48 ? width : 28;
  }

  get isQuick(): boolean {
    return this.tracesAll;
  }

  protected tokenText(id: number): string {
    return this.backend.facts.labels[id] ?? String(id);
  }

  async run({ picture: shown }: Input, edits: Edits, focus: Focus): Promise<Run> {
    const picture = shown!;
    const { image } = this.config;
    const pixels = await this.backend.preprocess(
      'bitmap' in picture ? picture.bitmap : pictureOf(picture.drawing, image!.channels),
    );
    const [rows, columns] = [0, 1].map((axis) =>
      Math.floor(image!.size[axis]! / image!.patchSize[axis]!),
    ) as [number, number];
    const patches = Array.from({ length: rows * columns }, (_, i): InputToken => ({
      text: `${Math.floor(i / columns) + 1}·${(i % columns) + 1}`,
      special: false,
      unknown: false,
    }));
    const tokens = [{ text: '[CLS]', special: true, unknown: false }, ...patches];
    const inputs = { pixelValues: pixels };
    const { length } = tokens;
    const output = await this.backend.forward(
      inputs,
      this.options(edits, focus, { mask: [length, length] }),
      this.surveyed(length ** 2),
    );
    return {
      ...resultsOf(output),
      inputs,
      tokens,
      sites: runSites(this.config, output.trace, () => tokens),
      seen: { pixels, grid: [rows, columns] },
    };
  }
}
