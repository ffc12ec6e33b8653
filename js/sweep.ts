// One edit at a time over heads, layers or positions, and what each does to a metric. An edit runs no block that it cannot
// have changed: its pass begins at the first block that it edits, with what the pass without an edit recorded there.
import { callNative, fail } from './errors.js';
import { nativeInterventions, sendableInterventions, traceOf } from './interventions.js';
import { readMetric, type Metric } from './metrics.js';
import type { NativeForwardInputs, NativeForwardOptions, NativeIntervention, NativeModel } from './native.js';
import { traceMap } from './trace.js';
import type { CompleteModelConfig, ForwardInputs, ForwardOptions, Intervention, ModelOutput, Tensor, TracedRun } from './types.js';
import { checkInteger, checkKeys, checkObject, checkOneOf, checkString, describe } from './validation.js';

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
   * adds), for positions `blocks.{l}.resid_pre`.
   */
  at?: string | readonly string[];
  /** Some of the layers, heads or positions. Default: all. */
  layers?: readonly number[];
  heads?: readonly number[];
  positions?: readonly number[];
  /** Held through every pass: overrides, and edits that come before the sweep's own. */
  options?: Pick<ForwardOptions, 'causal' | 'temperature' | 'mask' | 'interventions'>;
}

export interface SweepProgress {
  done: number; // edits
  total: number;
}

export interface SweepCall {
  onProgress?: ((progress: SweepProgress) => void) | undefined;
  /** Checked before every edit. */
  signal?: AbortSignal | undefined;
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

export const sweepCallKeys: ReadonlySet<string> = new Set<keyof SweepCall>(['onProgress', 'signal']);
const specKeys: ReadonlySet<string> = new Set<keyof SweepSpec>([
  'inputs', 'over', 'op', 'value', 'from', 'metric', 'at', 'layers', 'heads', 'positions', 'options',
]);
const optionKeys = new Set(['causal', 'temperature', 'mask', 'interventions']);

/** What a sweep needs of its model. */
export interface Sweeping {
  config: CompleteModelConfig;
  activations: ReadonlySet<string>;
  native(): NativeModel;
  inputs(given: ForwardInputs): NativeForwardInputs;
  options(given: ForwardOptions, inputs: NativeForwardInputs): NativeForwardOptions;
}

/** What a pass that begins at a block does not read. */
const noContent = { inputIds: null, inputsEmbeds: null, pixelValues: null, tokenTypeIds: null };

interface Step {
  edits: NativeIntervention[];
  start: number;
}

/** Yields after the pass without an edit and after each edit; returns the result. */
export function* sweep(model: Sweeping, given: SweepSpec): Generator<SweepProgress, SweepResult, void> {
  const spec = checkObject('sweep', given, specKeys);
  const { config } = model;
  if (config.encoder) fail('invalid_argument', 'sweep: expected a model of one stack, got one with an encoder and a decoder');
  const inputs = model.inputs(spec.inputs);
  if (inputs.start) fail('invalid_argument', 'sweep: expected inputs from the beginning, got start');
  const options = model.options(checkKeys('options', spec.options, optionKeys), inputs);
  const measure = readMetric(spec.metric, config, inputs);
  const { steps, dims, labels } = plan(model, spec, inputs.length);
  const held = options.interventions.map((edit) => ({ edit, stage: stageOf(edit.at, config) }));

  const run = (start: number, interventions: NativeIntervention[], trace: string[]): ModelOutput => {
    const resid = start < 0 ? undefined : before!.trace.get(residAt(start, config))!.data;
    const from = resid ? { ...inputs, ...noContent, start: { layer: start, resid } } : inputs;
    const native = model.native();
    const result = callNative(() => native.forward(from, { ...options, interventions, trace }));
    return { ...result, trace: traceMap(result.trace) };
  };
  let before: ModelOutput | undefined;
  const starts = [...new Set(steps.map(({ start }) => start))].filter((start) => start >= 0);
  before = run(-1, options.interventions, starts.map((start) => residAt(start, config)));
  const baseline = measure(before, before);

  const values = new Float32Array(steps.length);
  const differences = new Float32Array(steps.length);
  const blockPasses = { run: 0, whole: 0 };
  yield { done: 0, total: steps.length };
  for (const [index, { edits, start }] of steps.entries()) {
    const kept = held.filter(({ stage }) => stage >= start).map(({ edit }) => edit);
    const value = measure(run(start, [...kept, ...edits], []), before);
    values[index] = value;
    differences[index] = value - baseline;
    blockPasses.run += config.numLayers - Math.max(start, 0);
    blockPasses.whole += config.numLayers;
    yield { done: index + 1, total: steps.length };
  }
  return { baseline, values: { data: values, dims }, differences: { data: differences, dims: [...dims] }, ...labels, blockPasses };
}

/** The edits in their order, all of them checked, and the axes of the result. */
function plan(model: Sweeping, spec: SweepSpec, length: number) {
  const { over, op, value, from } = spec;
  const { config } = model;
  checkOneOf('over', over, ['heads', 'layers', 'positions']);
  const places = placesOf(spec);
  for (const axis of ['heads', 'positions'] as const) {
    if (spec[axis] !== undefined && over !== axis) fail('invalid_argument', `${axis}: expected none, as the sweep is over ${over}`);
  }
  const ofLayers = places.some((name) => name.includes('{l}'));
  if (spec.layers !== undefined && !ofLayers) fail('invalid_argument', `layers: expected none, as at has no {l}, got ${describe(spec.layers)}`);
  const layers = ofLayers ? some('layers', spec.layers, config.numLayers) : [];
  const columns = over === 'heads' ? some('heads', spec.heads, headsOf(places, config)) : some('positions', spec.positions, length);
  const steps: Step[] = [];
  for (const layer of ofLayers ? layers : [0]) {
    for (const column of over === 'layers' ? [undefined] : columns) {
      const edits = places.map((place) => {
        const at = place.replace('{l}', String(layer));
        if (!model.activations.has(at)) fail('unknown_name', `at: expected a name of activationNames(), with {l} for the layer, got "${at}"`);
        const select = over === 'heads' ? { head: column } : over === 'layers' ? {} : { [isKeyed(at) ? 'key' : 'query']: column };
        return { at, ...defined({ ...select, op, value, from }) } as Intervention;
      });
      const start = Math.min(...edits.map(({ at }) => stageOf(at, config)));
      steps.push({ edits: nativeInterventions(edits, model.activations, 'sweep'), start });
    }
  }
  const first = ofLayers ? layers.length : 1;
  return over === 'layers'
    ? { steps, dims: [first], labels: { layers } }
    : { steps, dims: [first, columns.length], labels: { layers, [over]: columns } };
}

const defaultPlaces = {
  heads: ['blocks.{l}.attn.z'],
  layers: ['blocks.{l}.attn.out', 'blocks.{l}.mlp.out'],
  positions: ['blocks.{l}.resid_pre'],
};

function placesOf({ at, over }: SweepSpec): readonly string[] {
  const places = at === undefined ? defaultPlaces[over] : typeof at === 'string' ? [at] : at;
  if (!Array.isArray(places) || places.length === 0) fail('invalid_argument', `at: expected a name or several, got ${describe(at)}`);
  places.forEach((name, index) => checkString(`at[${index}]`, name));
  return places;
}

/** The indices asked for, each below `end`; undefined: all. */
function some(name: string, given: readonly number[] | undefined, end: number): number[] {
  if (given === undefined) return Array.from({ length: end }, (_, index) => index);
  if (!Array.isArray(given) || given.length === 0) fail('invalid_argument', `${name}: expected an array of at least one, got ${describe(given)}`);
  given.forEach((index, i) => checkInteger(`${name}[${i}]`, index, 0, end - 1));
  return [...given];
}

/** k and v have an axis of keys, and may have fewer heads than queries. */
const isKeyed = (name: string): boolean => /\.[kv]$/.test(name);

function headsOf(places: readonly string[], { attention }: CompleteModelConfig): number {
  const counts = new Set(places.map((name) => (isKeyed(name) ? attention.numKvHeads : attention.numHeads)));
  if (counts.size > 1) fail('invalid_argument', `at: expected activations of equally many heads, got ${[...counts].join(' and ')}`);
  return [...counts][0]!;
}

/** The block that makes an activation; −1 for what comes before the first, N for what comes after the last. */
function stageOf(name: string, { numLayers }: CompleteModelConfig): number {
  const block = /^blocks\.(\d+)\./.exec(name);
  if (block) return Number(block[1]);
  return name === 'final_norm' || name === 'logits' ? numLayers : -1;
}

/** The activation that enters a block, or leaves the last. */
function residAt(stage: number, { numLayers }: CompleteModelConfig): string {
  return stage < numLayers ? `blocks.${stage}.resid_pre` : `blocks.${numLayers - 1}.resid_post`;
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The same sweep, its runs with no more of their activations than it needs: what a worker is sent. */
export function sendableSweep(spec: SweepSpec): SweepSpec {
  if (typeof spec !== 'object' || spec === null) return spec;
  const trace = spec.from && traceOf(spec.from);
  const needed = trace && Object.hasOwn(defaultPlaces, spec.over) ? placesOf(spec).map((name) => name.split('{l}')) : [];
  const isNeeded = (name: string): boolean => needed.some(([begin, end = '']) => name.startsWith(begin!) && name.endsWith(end));
  const edits = spec.options?.interventions;
  return {
    ...spec,
    ...(trace && { from: new Map([...trace].filter(([name]) => isNeeded(name))) }),
    ...(edits && { options: { ...spec.options, interventions: sendableInterventions(edits) } }),
  };
}
