// A GRU over the tokens of the sentence, fresh weights from a fixed seed: the contrast to attention. Knows no view.
import type { Recurrent, Tensor } from 'attention-lab';
import { getRuntime } from './engine.ts';
import { session } from './session.svelte.ts';

/** Widths of the vectors it reads and of its state: small, so that every keystroke can afford every Jacobian. */
const inputSize = 16;
const hiddenSize = 32;
const seed = 1;

/** Longest sentence whose Jacobians are computed; their cost grows with its square. */
export const longest = 128;

class RecurrentContrast {
  /** Added to the bias of the update gate z: the more, the more of the old state is kept. */
  keep = $state(0);
  /** [1, T, T] */
  influence = $state.raw<Tensor | null>(null);
  /** Mean of the update gate: the share of the old state that a step keeps. */
  kept = $state(0);
  error = $state('');
  #open: { vocabSize: number; network: Recurrent; bias: Tensor } | null = null;

  /** To be called inside an effect. */
  async update(): Promise<void> {
    const { keep } = this;
    const { textModel: model, textRun: after } = session;
    if (!model || !after || after.tokens.length > longest) {
      this.influence = null;
      return;
    }
    const inputIds = after.tokens.map((token) => token.id);
    try {
      const { network, bias } = await this.#network(model.vocabSize);
      const raised = bias.data.map((x, i) =>
        i >= hiddenSize && i < 2 * hiddenSize ? x + keep : x,
      ); // rows r, z, n
      network.setParameter('bias_hh_l0', { data: raised, dims: bias.dims });
      const { influence, trace } = network.forward(
        { inputIds },
        { influence: true, trace: ['layers.0.z'] },
      );
      const z = trace.get('layers.0.z')!.data;
      this.kept = z.reduce((sum, x) => sum + x, 0) / z.length;
      this.influence = influence ?? null;
      this.error = '';
    } catch (error) {
      this.influence = null;
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  async #network(vocabSize: number) {
    if (this.#open?.vocabSize !== vocabSize) {
      const runtime = await getRuntime();
      this.#open?.network.dispose();
      const network = runtime.createRecurrent({ vocabSize, inputSize, hiddenSize }, { seed });
      this.#open = { vocabSize, network, bias: network.parameter('bias_hh_l0') };
    }
    return this.#open;
  }
}

export const recurrent = new RecurrentContrast();
