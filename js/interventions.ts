// Edits of activations as data: checks them and gives every selector that was left out its "all".
import { fail } from './errors.js';
import type { NativeIntervention } from './native.js';
import type { Intervention } from './types.js';
import { checkFinite, checkInteger, checkObject, checkOneOf, checkString, checkTensor, describe } from './validation.js';

const editKeys = new Set(['at', 'batch', 'head', 'query', 'key', 'index', 'op', 'value']);
const ops = ['zero', 'mean', 'set', 'add', 'scale'] as const;
const all = -1;

export function nativeInterventions(
  given: readonly Intervention[],
  activations: ReadonlySet<string>,
): NativeIntervention[] {
  if (!Array.isArray(given)) fail('invalid_argument', `interventions: expected an array, got ${describe(given)}`);
  return given.map((edit, index) => nativeIntervention(`interventions[${index}]`, edit as Intervention, activations));
}

function nativeIntervention(name: string, given: Intervention, activations: ReadonlySet<string>): NativeIntervention {
  const edit = checkObject(name, given, editKeys);
  if (!activations.has(checkString(`${name}.at`, edit.at))) {
    fail('unknown_name', `${name}.at: expected a name of activationNames(), got ${describe(edit.at)}`);
  }
  const selector = (which: 'batch' | 'head' | 'query' | 'key' | 'index'): number =>
    edit[which] === undefined ? all : checkInteger(`${name}.${which}`, edit[which], 0, 0x7fffffff);
  const op = checkOneOf(`${name}.op`, edit.op, ops);
  const takesValue = op === 'set' || op === 'add' || op === 'scale';
  if (takesValue !== (edit.value !== undefined)) {
    const expected = takesValue ? 'a number or a tensor' : `none, as op "${op}" takes none`;
    fail('invalid_argument', `${name}.value: expected ${expected}, got ${describe(edit.value)}`);
  }
  const tensor = typeof edit.value === 'object' ? checkTensor(`${name}.value`, edit.value) : null;
  return {
    at: edit.at,
    batch: selector('batch'),
    head: selector('head'),
    query: selector('query'),
    key: selector('key'),
    index: selector('index'),
    op,
    value: takesValue && tensor === null ? checkFinite(`${name}.value`, edit.value) : 0,
    values: tensor,
  };
}
