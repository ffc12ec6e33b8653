// One edit at a time over heads, layers or positions, and what each does to a metric. An edit runs no block that it cannot
// have changed: its pass begins at the first block that it edits, with what the pass without an edit recorded there.
import { callAndWait } from '../core/callbacks.js';
import { callNative, checkAborted, fail } from '../core/errors.js';
import { nativeInterventions } from '../core/interventions.js';
import { readMetric } from './metrics.js';
import type {
  NativeForwardInputs,
  NativeForwardOptions,
  NativeIntervention,
  NativeModel,
  NativeStackInputs,
} from '../core/native.js';
import {
  checkSweepCall,
  placesOf,
  type SweepCall,
  type SweepProgress,
  type SweepResult,
  type SweepSpec,
} from './sweep-spec.js';
import { traceMap } from '../core/trace.js';
import { yieldToEventLoop } from '../core/event-loop.js';
import type { CompleteModelConfig, CompleteStackConfig } from '../core/config-types.js';
import type {
  ForwardInputs,
  ForwardOptions,
  Intervention,
  ModelOutput,
} from '../core/forward-types.js';
import { Tensor } from '../core/tensor.js';
import {
  checkArray,
  checkInteger,
  checkKeys,
  checkObject,
  checkOneOf,
  describe,
} from '../core/validation.js';

const specKeys: ReadonlySet<string> = new Set<keyof SweepSpec>([
  'inputs',
  'over',
  'op',
  'value',
  'from',
  'metric',
  'at',
  'layers',
  'heads',
  'positions',
  'options',
]);
const optionKeys = new Set([
  'causal',
  'temperature',
  'mask',
  'encoderMask',
  'crossMask',
  'interventions',
]);

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

/**
 * A stage counts the places where a pass can begin: −1 before everything, then at each block and behind the last. With an
 * encoder of N blocks: at its blocks and behind them (0 … N), then at the decoder's (N + 1 …).
 */
interface Step {
  edits: NativeIntervention[];
  start: number;
}

/** The whole sweep, which yields to the event loop between edits. */
export async function runSweep(
  model: Sweeping,
  spec: SweepSpec,
  call: SweepCall | undefined,
): Promise<SweepResult> {
  const { onProgress, signal } = checkSweepCall(call);
  const steps = sweep(model, spec);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await callAndWait('onProgress', onProgress, step.value);
    await yieldToEventLoop();
    checkAborted(signal, 'sweep');
  }
}

/** Yields after the pass without an edit and after each edit; returns the result. */
function* sweep(model: Sweeping, given: SweepSpec): Generator<SweepProgress, SweepResult, void> {
  const spec = checkObject('sweep', given, specKeys);
  const { config } = model;
  const inputs = model.inputs(spec.inputs);
  if (inputs.start)
    fail('invalid_argument', 'sweep: expected inputs from the beginning, got start');
  const options = model.options(checkKeys('options', spec.options, optionKeys), inputs);
  const measure = readMetric(spec.metric, config, inputs.decoder ?? inputs);
  const { steps, dims, labels } = plan(model, spec, inputs);
  const blocks = config.numLayers + (config.encoder?.numLayers ?? 0);
  const held = options.interventions.map((edit) => ({ edit, stage: stageOf(edit.at, config) }));
  // An edit between the two stacks is made again in each pass, and a pass that begins within the decoder is past it.
  const between = config.encoder?.numLayers;
  if (held.some(({ stage }) => stage === between))
    for (const step of steps) step.start = Math.min(step.start, between!);

  const run = (
    start: number,
    interventions: NativeIntervention[],
    trace: string[],
  ): ModelOutput => {
    const enter = <T extends NativeStackInputs>(given: T, entry: Entry | undefined): T =>
      entry
        ? {
            ...given,
            ...noContent,
            start: { layer: entry.layer, resid: before!.trace.get(entry.resid)!.data },
          }
        : given;
    const [first, second] = entriesAt(start, config);
    const from = enter(inputs, first);
    const native = model.native();
    const result = callNative(() =>
      native.forward(from.decoder ? { ...from, decoder: enter(from.decoder, second) } : from, {
        ...options,
        interventions,
        trace,
      }),
    );
    return { ...result, trace: traceMap(result.trace) };
  };
  let before: ModelOutput | undefined;
  const residuals = new Set(
    steps.flatMap(({ start }) => entriesAt(start, config)).map(({ resid }) => resid),
  );
  before = run(-1, options.interventions, [...residuals]);
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
    blockPasses.run += entriesAt(start, config).reduce((left, { layer }) => left - layer, blocks);
    blockPasses.whole += blocks;
    yield { done: index + 1, total: steps.length };
  }
  return {
    baseline,
    values: new Tensor(values, dims),
    differences: new Tensor(differences, dims),
    ...labels,
    blockPasses,
  };
}

/** The edits in their order, all of them checked, and the axes of the result. */
function plan(model: Sweeping, spec: SweepSpec, inputs: NativeForwardInputs) {
  const { over, op, value, from } = spec;
  const { config } = model;
  checkOneOf('over', over, ['heads', 'layers', 'positions']);
  const places = placesOf(spec, config.encoder !== null);
  const { stack, length } = stackOf(places, config, inputs);
  for (const axis of ['heads', 'positions'] as const) {
    if (spec[axis] !== undefined && over !== axis)
      fail('invalid_argument', `${axis}: expected none, as the sweep is over ${over}`);
  }
  const ofLayers = places.some((name) => name.includes('{l}'));
  if (spec.layers !== undefined && !ofLayers)
    fail(
      'invalid_argument',
      `layers: expected none, as at has no {l}, got ${describe(spec.layers)}`,
    );
  const layers = ofLayers ? some('layers', spec.layers, stack.numLayers) : [];
  const columns =
    over === 'heads'
      ? some('heads', spec.heads, headsOf(places, stack))
      : some('positions', spec.positions, length);
  const steps: Step[] = [];
  const copies = new Map<object, Tensor>();
  for (const layer of ofLayers ? layers : [0]) {
    for (const column of over === 'layers' ? [undefined] : columns) {
      const edits = places.map((place) => {
        const at = place.replace('{l}', String(layer));
        if (!model.activations.has(at))
          fail(
            'unknown_name',
            `at: expected a name of activationNames(), with {l} for the layer, got "${at}"`,
          );
        const select =
          over === 'heads'
            ? { head: column }
            : over === 'layers'
              ? {}
              : { [isKeyed(at) ? 'key' : 'query']: column };
        return { at, ...defined({ ...select, op, value, from }) } as Intervention;
      });
      const start = Math.min(...edits.map(({ at }) => stageOf(at, config)));
      steps.push({ edits: nativeInterventions(edits, model.activations, 'sweep', copies), start });
    }
  }
  const first = ofLayers ? layers.length : 1;
  return over === 'layers'
    ? { steps, dims: [first], labels: { layers } }
    : { steps, dims: [first, columns.length], labels: { layers, [over]: columns } };
}

/** The indices asked for, each below `end`; undefined: all. */
function some(name: string, given: readonly number[] | undefined, end: number): number[] {
  if (given === undefined) return Array.from({ length: end }, (_, index) => index);
  const indices = checkArray(name, given, 'an array of at least one');
  if (indices.length === 0)
    fail('invalid_argument', `${name}: expected an array of at least one, got an array of 0`);
  return indices.map((index, i) => checkInteger(`${name}[${i}]`, index, 0, end - 1));
}

/** The stack whose activations are edited, and how many positions they have. */
function stackOf(
  places: readonly string[],
  config: CompleteModelConfig,
  inputs: NativeForwardInputs,
): { stack: CompleteStackConfig; length: number } {
  if (!config.encoder) return { stack: config, length: inputs.length };
  const ofEncoder = places.filter((name) => name.startsWith('encoder.')).length;
  if (ofEncoder === places.length) return { stack: config.encoder, length: inputs.length };
  if (ofEncoder > 0)
    fail(
      'invalid_argument',
      `at: expected activations of the encoder or of the decoder, got ${places.join(' and ')}`,
    );
  const ofSource = places.filter((name) => /\.cross_attn\.[kv]$/.test(name)).length;
  if (ofSource % places.length !== 0)
    fail(
      'invalid_argument',
      `at: expected activations of equally many positions, got ${places.join(' and ')}`,
    );
  return { stack: config, length: ofSource > 0 ? inputs.length : inputs.decoder!.length };
}

/** k and v have an axis of keys, and may have fewer heads than queries. */
const isKeyed = (name: string): boolean => /\.[kv]$/.test(name);

function headsOf(places: readonly string[], { attention }: CompleteStackConfig): number {
  const counts = new Set(
    places.map((name) => (isKeyed(name) ? attention.numKvHeads : attention.numHeads)),
  );
  if (counts.size > 1)
    fail(
      'invalid_argument',
      `at: expected activations of equally many heads, got ${[...counts].join(' and ')}`,
    );
  return [...counts][0]!;
}

/** The stage of the block that makes an activation. */
function stageOf(name: string, { numLayers, encoder }: CompleteModelConfig): number {
  const ofDecoder = encoder ? encoder.numLayers + 1 : 0;
  const block = /^(encoder\.)?(?:decoder\.)?blocks\.(\d+)\./.exec(name);
  if (block) return Number(block[2]) + (block[1] ? 0 : ofDecoder);
  if (/^(decoder\.)?final_norm$|^logits$/.test(name)) return ofDecoder + numLayers;
  return name === 'encoder.final_norm' || name.startsWith('decoder.') ? ofDecoder - 1 : -1;
}

/** Where a pass comes into a stack, and the activation that it finds there. */
interface Entry {
  layer: number;
  resid: string;
}

/** The entries of a pass into the first stack that it meets and, beyond its end, into the decoder. */
function entriesAt(stage: number, { numLayers, encoder }: CompleteModelConfig): Entry[] {
  const entry = (prefix: string, layer: number, layers: number): Entry => ({
    layer,
    resid:
      layer < layers
        ? `${prefix}blocks.${layer}.resid_pre`
        : `${prefix}blocks.${layers - 1}.resid_post`,
  });
  if (stage < 0) return [];
  if (!encoder) return [entry('', stage, numLayers)];
  const behind = stage - encoder.numLayers - 1;
  const first = entry('encoder.', Math.min(stage, encoder.numLayers), encoder.numLayers);
  return behind < 0 ? [first] : [first, entry('decoder.', behind, numLayers)];
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
