// The five published listings, run on what goes into the open model's first block. Fresh weights from a fixed seed.
import { listingNames, Tensor, type Listing, type ListingName } from 'attention-lab';
import { forwardOptions, type Edits } from './edits.ts';
import { getRuntime } from './engine.ts';
import { inputName } from './model.svelte.ts';
import type { Run } from './run.ts';
import { session } from './session.svelte.ts';

/** The published names, and the encoder that the first of them is part of. */
export type Choice = ListingName | 'fused_encoder';
const listingOf = (choice: Choice): ListingName => (choice === 'fused_encoder' ? 'fused' : choice);

export const listingChoices: readonly Choice[] = listingNames.flatMap((name) =>
  name === 'fused' ? [name, 'fused_encoder' as const] : [name],
);

/** The numbers that the listing without weights was published with. */
const publishedVectors = new Tensor(Float32Array.of(1, 2, 2, 3, 3, 4, 4, 5, 5, 6), [5, 2]);

export interface ListingRun {
  /** One [1, H, T, T] per layer. */
  patterns: Tensor[];
  labels: readonly string[];
  /** Of the listing without weights, on its own vectors: what it gives, and what the paper's P E gives. */
  numbers?: { embedding: Tensor; output: Tensor; context: Tensor; usual: Tensor };
}

/** Of a longer text the first tokens are read: a listing runs on the page's own thread. */
export const longest = 128;

const numHeads = 4;
const seed = 1;

class Listings {
  choice = $state<Choice>('fused');
  /** The listing without weights on its own five vectors instead of the sentence. */
  ownNumbers = $state(true);
  run = $state.raw<ListingRun | null>(null);
  difference = $state('');
  /** The text has more tokens than were read. */
  isCut = $state(false);
  error = $state('');
  #open: { name: ListingName; width: number; listing: Listing } | null = null;

  /** To be called inside an effect. */
  async update(): Promise<void> {
    const { choice, ownNumbers } = this;
    const { after } = session;
    const { edits } = session.controls;
    const whole = after?.trace.get(inputName);
    if (!after || !whole) return;
    const input = firstTokens(whole);
    try {
      const runtime = await getRuntime();
      const name = listingOf(choice);
      const width = input.dims.at(-1)!;
      if (this.#open?.name !== name || this.#open.width !== width) {
        this.#open?.listing.dispose();
        const heads = name === 'fused' || name === 'single_head' ? 1 : numHeads;
        const options = name === 'no_weights' ? {} : { dModel: width, numHeads: heads, seed };
        this.#open = { name, width, listing: runtime.createListing(name, options) };
      }
      const { listing } = this.#open;
      this.difference = listing.difference;
      this.isCut = input !== whole;
      this.run = forward(listing, choice, input, after, edits, ownNumbers);
      this.error = '';
    } catch (error) {
      this.run = null;
      this.error = error instanceof Error ? error.message : String(error);
    }
  }
}

function firstTokens(vectors: Tensor): Tensor {
  const [count, width] = vectors.dims.slice(-2) as [number, number];
  return count <= longest
    ? vectors
    : new Tensor(vectors.data.subarray(0, longest * width), [1, longest, width]);
}

function forward(
  listing: Listing,
  choice: Choice,
  input: Tensor,
  run: Run,
  edits: Edits,
  ownNumbers: boolean,
): ListingRun {
  const words = run.tokens.slice(0, longest).map((token) => token.text);
  if (choice === 'no_weights') {
    const query = ownNumbers ? publishedVectors : new Tensor(input.data, input.dims.slice(1));
    const { trace, output } = listing.forward({ query }, { trace: true });
    const labels = ownNumbers ? ['[1,2]', '[2,3]', '[3,4]', '[4,5]', '[5,6]'] : words;
    const square = (tensor: Tensor): Tensor => new Tensor(tensor.data, [1, 1, ...tensor.dims]);
    const [context, usual] = [trace.get('context')!, trace.get('usual')!];
    return {
      patterns: [square(trace.get('pattern')!)],
      labels,
      ...(ownNumbers && { numbers: { embedding: query, output, context, usual } }),
    };
  }
  // An intervention names an activation of the open model, which a listing has not.
  const {
    interventions: _,
    mask,
    ...options
  } = forwardOptions(edits, { mask: [words.length, words.length] });
  if (choice === 'fused_encoder') {
    const output = listing.encoder!.forward(
      { inputsEmbeds: input },
      { ...options, ...(mask && { mask }), outputAttentions: true },
    );
    return { patterns: output.attentions!, labels: words };
  }
  const { trace } = listing.forward(
    { query: input, ...(mask && { mask }) },
    { ...options, trace: ['pattern'] },
  );
  return { patterns: [trace.get('pattern')!], labels: words };
}

export const listings = new Listings();
