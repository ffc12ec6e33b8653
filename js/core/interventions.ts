// Edits of activations as data: checks them and gives every selector that was left out its "all".
import { fail } from './errors.js';
import type { NativeIntervention } from './native.js';
import { reading } from './plain.js';
import type { Intervention, TracedRun } from './forward-types.js';
import type { Tensor, TensorInput } from './tensor.js';
import {
  checkArray,
  checkFinite,
  checkInteger,
  checkObject,
  checkOneOf,
  checkString,
  checkTensor,
  describe,
  isMap,
} from './validation.js';

const editKeys = new Set([
  'at',
  'batch',
  'head',
  'heads',
  'query',
  'key',
  'index',
  'op',
  'value',
  'from',
]);
const ops = ['zero', 'mean', 'set', 'add', 'scale'] as const;
const all = -1;

/** `named`: what errors call them; `copies` of other runs' activations, where several calls take the same. */
export function nativeInterventions(
  given: readonly Intervention[],
  activations: ReadonlySet<string>,
  named = 'interventions',
  copies = new Map<object, Tensor>(),
): NativeIntervention[] {
  return checkArray(named, given, 'an array').flatMap((edit, index) =>
    singleEdits(`${named}[${index}]`, edit, activations).map((single) =>
      nativeIntervention(`${named}[${index}]`, single, activations, copies),
    ),
  );
}

/** An edit of several heads, or at a name with *, as one edit for each head at each name that fits. */
function singleEdits(
  name: string,
  given: Intervention,
  activations: ReadonlySet<string>,
): Intervention[] {
  const { heads, ...edit } = checkObject(name, given, editKeys);
  if (heads !== undefined && edit.head !== undefined)
    fail('invalid_argument', `${name}: expected either head or heads, got both`);
  const at = checkString(`${name}.at`, edit.at);
  let names = [at];
  if (at.includes('*')) {
    const parts = at.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('[^.]*')}$`);
    names = [...activations].filter((activation) => pattern.test(activation));
    if (names.length === 0)
      fail(
        'unknown_name',
        `${name}.at: expected a pattern of activationNames(), got ${describe(at)}`,
      );
  }
  const chosen =
    heads === undefined
      ? [edit.head]
      : checkArray(`${name}.heads`, heads, 'an array of heads').map((head, index) =>
          checkInteger(`${name}.heads[${index}]`, head, 0, 0x7fffffff),
        );
  return names.flatMap((one) =>
    chosen.map((head) => ({ ...edit, at: one, ...(head !== undefined && { head }) })),
  );
}

function nativeIntervention(
  name: string,
  given: Intervention,
  activations: ReadonlySet<string>,
  copies: Map<object, Tensor>,
): NativeIntervention {
  const edit = checkObject(name, given, editKeys);
  if (!activations.has(checkString(`${name}.at`, edit.at))) {
    fail(
      'unknown_name',
      `${name}.at: expected a name of activationNames(), got ${describe(edit.at)}`,
    );
  }
  const selector = (which: 'batch' | 'head' | 'query' | 'key' | 'index'): number =>
    edit[which] === undefined ? all : checkInteger(`${name}.${which}`, edit[which], 0, 0x7fffffff);
  const op =
    edit.op === undefined && edit.from !== undefined
      ? 'set'
      : checkOneOf(`${name}.op`, edit.op, ops);
  return {
    at: edit.at,
    batch: selector('batch'),
    head: selector('head'),
    query: selector('query'),
    key: selector('key'),
    index: selector('index'),
    op,
    ...operand(name, edit, op, copies),
  };
}

/** What set, add and scale take, from exactly one of `value` and `from`. */
function operand(
  name: string,
  { at, value, from }: Intervention,
  op: (typeof ops)[number],
  copies: Map<object, Tensor>,
): Pick<NativeIntervention, 'value' | 'values' | 'otherRun'> {
  if (op === 'zero' || op === 'mean') {
    for (const [key, got] of Object.entries({ value, from })) {
      if (got !== undefined)
        fail(
          'invalid_argument',
          `${name}.${key}: expected none, as op "${op}" takes none, got ${describe(got)}`,
        );
    }
    return { value: 0, values: null, otherRun: false };
  }
  if (from !== undefined) {
    if (value !== undefined)
      fail('invalid_argument', `${name}: expected either value or from, got both`);
    const activation = activationOf(`${name}.from`, from, at);
    const tensor = copies.get(activation) ?? checkTensor(`${name}.from`, activation);
    copies.set(activation, tensor);
    return { value: 0, values: checkNumbers(`${name}.from`, tensor, at), otherRun: true };
  }
  if (typeof value === 'object') {
    return {
      value: 0,
      values: checkNumbers(`${name}.value`, checkTensor(`${name}.value`, value), at),
      otherRun: false,
    };
  }
  if (value === undefined)
    fail('invalid_argument', `${name}.value: expected a number or a tensor, got undefined`);
  if (!isMasked(value, at)) checkFinite(`${name}.value`, value);
  return { value, values: null, otherRun: false };
}

/** The activation `at` of another run. */
function activationOf(name: string, from: TracedRun, at: string): TensorInput {
  const trace = traceOf(from);
  if (!trace)
    fail(
      'invalid_argument',
      `${name}: expected the output of forward or its trace, got ${describe(from)}`,
    );
  return reading(
    name,
    () =>
      trace.get(at) ??
      fail(
        'unknown_name',
        `${name}: expected a run whose trace has "${at}", got one with ${trace.size} others`,
      ),
  );
}

/** Undefined for what is no run. */
export function traceOf(from: TracedRun): ReadonlyMap<string, TensorInput> | undefined {
  const trace =
    typeof from === 'object' && from !== null
      ? reading('from', () => ('trace' in from ? from.trace : from))
      : from;
  return isMap(trace) ? trace : undefined;
}

function checkNumbers(name: string, tensor: Tensor, at: string): Tensor {
  const wrong = tensor.data.findIndex((x) => !Number.isFinite(x) && !isMasked(x, at));
  if (wrong >= 0)
    fail(
      'invalid_argument',
      `${name}.data[${wrong}]: expected a finite number, got ${tensor.data[wrong]}`,
    );
  return tensor;
}

/** −∞ is what a masked score is. */
function isMasked(value: unknown, at: string): boolean {
  return value === -Infinity && at.endsWith('.masked_scores');
}

/** Of an edit that takes from another run: the same with no more of that run than it takes. Of anything else: the same. */
export function trimmedIntervention(value: object): object {
  const { at, from } = value as Partial<Intervention>;
  if (typeof at !== 'string' || at.includes('*') || from === undefined) return value;
  const tensor = traceOf(from)?.get(at);
  return tensor ? { ...value, from: new Map([[at, tensor]]) } : value;
}
