// What is said of a checkpoint that no family reads: what it is, the nearest that is read, and where to look and ask.
import { fail } from '../core/errors.js';
import { show } from '../core/config-reader.js';
import type { Family } from './family.js';

/** `unsupported_checkpoint`, in three lines. */
export function refuseUnknown(
  families: readonly Family[],
  modelType: unknown,
  architecture: string | undefined,
  family: Family | undefined,
): never {
  const what =
    family === undefined
      ? `config.json: model_type: ${show(modelType)} is no family that this package reads`
      : `config.json: architectures: "${architecture!.slice(0, 60)}" is none that this package reads of ${family.modelType}`;
  const { modelType: nearest, architectures } =
    family ?? nearestTo(families, typeof modelType === 'string' ? modelType : '', architecture);
  fail(
    'unsupported_checkpoint',
    [
      what + (family === undefined && architecture ? ` (${architecture.slice(0, 60)})` : ''),
      `The nearest that it reads: ${nearest} (${architectures.join(', ')})`,
      'All that it reads: docs/models.md of attention-lab; to ask for another, open an issue with this config.json',
    ].join('\n'),
  );
}

/** A family with the same kind of head, and of those the one whose name is most alike. */
function nearestTo(
  families: readonly Family[],
  modelType: string,
  architecture: string | undefined,
): Family {
  const kind = architecture && /For\w+$|LMHeadModel$/.exec(architecture)?.[0];
  const alike = kind
    ? families.filter(({ architectures }) => architectures.some((each) => each.endsWith(kind)))
    : [];
  const pairs = (name: string): string[] =>
    Array.from({ length: Math.max(0, name.length - 1) }, (_, i) => name.slice(i, i + 2));
  const own = new Set(pairs(modelType.toLowerCase()));
  const score = ({ modelType: name }: Family): number => {
    const theirs = pairs(name);
    return theirs.filter((pair) => own.has(pair)).length / (own.size + theirs.length);
  };
  return (alike.length > 0 ? alike : families).reduce((best, each) =>
    score(each) > score(best) ? each : best,
  );
}
