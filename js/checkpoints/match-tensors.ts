// Matches a file's tensors with a family's rules, and names all that are missing, unexpected or mis-shaped.
import { fail } from '../core/errors.js';
import { sameShape, shapeText } from '../core/validation.js';
import { checkReadable, isReadable } from './dtypes.js';
import type { Plan, TensorRule } from './family.js';
import { isQuantised, ofScale } from './int8.js';
import { isHead } from './rules.js';
import type { TensorInfo } from './safetensors.js';

/** Of a file for quite another model, the first problems say enough. */
const shown = 40;

/** The rule of every tensor to load, by its name in the file. Names all that are missing, unexpected or mis-shaped. */
export function matchTensors(
  file: string,
  plan: Plan,
  rules: readonly TensorRule[],
  tensors: ReadonlyMap<string, TensorInfo>,
): Map<string, TensorRule> {
  const wanted = new Map<string, TensorRule>();
  const problems: string[] = [];
  const known = new Set(rules.flatMap(({ theirs }) => theirs));
  for (const rule of rules) {
    const expected = dimsInFile(rule);
    const name = rule.theirs.find((candidate) => tensors.has(candidate));
    if (name === undefined) {
      problems.push(`${rule.theirs[0]!}: missing (expected ${shapeText(expected)})`);
      continue;
    }
    const info = tensors.get(name)!;
    if (!sameShape(info.dims, expected))
      problems.push(`${name}: expected ${shapeText(expected)}, got ${shapeText(info.dims)}`);
    else if (!isQuantised(file, info, rule.transposed, tensors))
      checkReadable(`${file}: ${name}`, info.dtype);
    wanted.set(name, rule);
  }
  for (const name of tensors.keys()) {
    const of = ofScale(name, tensors) ?? name;
    if (
      known.has(of) ||
      [...plan.ignored, ...(plan.passedThrough ?? [])].some((pattern) => pattern.test(of))
    )
      continue;
    problems.push(`${name}: unexpected; no part of this model`);
  }
  if (problems.length > 0) {
    const more = problems.length > shown ? `; and ${problems.length - shown} more` : '';
    fail('checkpoint_mismatch', `${file}: ${problems.slice(0, shown).join('; ')}${more}`);
  }
  return wanted;
}

/** The plan for a body whose file holds a head, too: `save` gives the head back, and no pass reads it. Its tensors stand apart by the first part of their names. */
export function withHeadPassedThrough(
  plan: Plan,
  rules: readonly TensorRule[],
  tensors: ReadonlyMap<string, TensorInfo>,
): { plan: Plan; head: string[] } {
  const firstPart = (name: string): string => name.split('.', 1)[0]!;
  const body = new Set(rules.flatMap(({ theirs }) => theirs).map(firstPart));
  const isKnown = (name: string): boolean =>
    body.has(firstPart(name)) ||
    // A body ignores an output matrix, be it a copy of the embedding or a table of its own.
    (!isHead(name) &&
      [...plan.ignored, ...(plan.passedThrough ?? [])].some((pattern) => pattern.test(name)));
  const head = [...tensors.keys()].filter((name) => !isKnown(name));
  const exactly = head.map((name) => new RegExp(`^${name.replace(/[^\w]/g, '\\$&')}$`));
  return { plan: { ...plan, passedThrough: [...(plan.passedThrough ?? []), ...exactly] }, head };
}

/** The names of the tensors that are kept for `save`. */
export function passedThroughTensors(
  plan: Plan,
  tensors: ReadonlyMap<string, TensorInfo>,
): string[] {
  const isPassedThrough = ({ name, dtype }: TensorInfo): boolean =>
    isReadable(dtype) && (plan.passedThrough ?? []).some((pattern) => pattern.test(name));
  return [...tensors.values()].filter(isPassedThrough).map(({ name }) => name);
}

/** The dims of a rule's tensor in the file. */
export function dimsInFile({ dims, transposed, saved }: TensorRule): number[] {
  return saved ?? (transposed ? [...dims].reverse() : dims);
}
