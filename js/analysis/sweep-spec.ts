// What a sweep is asked, what it answers, and what of it a worker is sent. Computes nothing: that is sweep.ts.
import type { Global } from '../core/global.js';
import { checkAborted, fail } from '../core/errors.js';
import { traceOf } from '../core/interventions.js';
import type { Metric } from './metrics.js';
import type {
  ForwardInputs,
  ForwardOptions,
  Intervention,
  TracedRun,
} from '../core/forward-types.js';
import type { Tensor } from '../core/tensor.js';
import {
  checkArray,
  checkCallback,
  checkKeys,
  checkSignal,
  checkString,
} from '../core/validation.js';

export interface SweepSpec {
  inputs: ForwardInputs;
  /** What is edited, one at a time: each head of each layer, each layer, or each position of each layer. */
  over: 'heads' | 'layers' | 'positions';
  /** The edit, as an intervention's. `op` may be left out with `from`, whose run is then patched in. */
  op?: Intervention['op'];
  value?: number | Tensor;
  from?: TracedRun;
  /** The number whose change is wanted. */
  metric: Metric;
  /**
   * Which activations are edited, {l} standing for the layer; several are edited together. Default: for heads
   * `blocks.{l}.attn.z` (all that leaves a head), for layers `blocks.{l}.attn.out` and `blocks.{l}.mlp.out` (all that a layer
   * adds), for positions `blocks.{l}.resid_pre`. Of an encoder–decoder, whose names are of one stack: `decoder.blocks.{l}` and
   * there for heads `.cross_attn.z`, for layers `.self_attn.out`, `.cross_attn.out` and `.mlp.out`; for positions
   * `encoder.blocks.{l}.resid_pre`, those of the source.
   */
  at?: string | readonly string[];
  /** Some of the layers, heads or positions. Default: all. */
  layers?: readonly number[];
  heads?: readonly number[];
  positions?: readonly number[];
  /** Held through every pass: overrides, and edits that come before the sweep's own. */
  options?: Pick<
    ForwardOptions,
    'causal' | 'temperature' | 'mask' | 'encoderMask' | 'crossMask' | 'interventions'
  >;
}

export interface SweepProgress {
  done: number; // edits
  total: number;
}

export interface SweepCall {
  onProgress?: ((progress: SweepProgress) => void) | undefined;
  /** Checked before every edit. */
  signal?: Global<'AbortSignal'> | undefined;
}

export interface SweepResult {
  /** The metric without an edit. */
  baseline: number;
  /** The metric with each edit: [layers, heads], [layers] or [layers, positions]. */
  values: Tensor;
  /** values − baseline. */
  differences: Tensor;
  /** What the indices of the axes stand for. `layers` is empty where `at` names no {l}: the first axis then has size 1. */
  layers: number[];
  heads?: number[];
  positions?: number[];
  /** Blocks computed for the edits, and how many whole passes would have computed. */
  blockPasses: { run: number; whole: number };
}

const callKeys: ReadonlySet<string> = new Set<keyof SweepCall>(['onProgress', 'signal']);

/** The options of a call, checked; throws where it was aborted before it began. */
export function checkSweepCall(call: SweepCall | undefined): SweepCall {
  const { onProgress, signal } = checkKeys('options', call, callKeys);
  checkCallback('onProgress', onProgress);
  checkAborted(checkSignal('signal', signal), 'sweep');
  return { onProgress, signal };
}

const defaultPlaces = {
  heads: ['blocks.{l}.attn.z'],
  layers: ['blocks.{l}.attn.out', 'blocks.{l}.mlp.out'],
  positions: ['blocks.{l}.resid_pre'],
};
/** Of an encoder and a decoder. */
const defaultPlacesOfTwo = {
  heads: ['decoder.blocks.{l}.cross_attn.z'],
  layers: [
    'decoder.blocks.{l}.self_attn.out',
    'decoder.blocks.{l}.cross_attn.out',
    'decoder.blocks.{l}.mlp.out',
  ],
  positions: ['encoder.blocks.{l}.resid_pre'],
};

/** The activations to edit, {l} standing for the layer; `two`: of a model with an encoder and a decoder. */
export function placesOf({ at, over }: SweepSpec, two: boolean): readonly string[] {
  const places =
    at === undefined
      ? (two ? defaultPlacesOfTwo : defaultPlaces)[over]
      : typeof at === 'string'
        ? [at]
        : checkArray<string>('at', at, 'a name or several');
  if (places.length === 0) fail('invalid_argument', 'at: expected a name or several, got none');
  return places.map((name, index) => checkString(`at[${index}]`, name));
}

/** Of a sweep that takes from another run: the same with no more of that run than it takes. Of anything else: the same. */
export function trimmedSweep(value: object): object {
  const spec = value as SweepSpec;
  const trace = spec.from && traceOf(spec.from);
  if (!trace || spec.over === undefined) return value;
  const places = Object.hasOwn(defaultPlaces, spec.over)
    ? [false, true].flatMap((two) => placesOf(spec, two))
    : []; // refused by the sweep
  const needed = places.map((name) => name.split('{l}'));
  const isNeeded = (name: string): boolean =>
    needed.some(([begin, end = '']) => name.startsWith(begin!) && name.endsWith(end));
  return { ...spec, from: new Map([...trace].filter(([name]) => isNeeded(name))) };
}
