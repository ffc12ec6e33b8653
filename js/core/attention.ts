// One attention without learned weights: checks the tensors and options of rt.attention and makes the one native call.
// The equation is softmax(q kᵀ / √K + mask) v: Vaswani et al. 2017, arXiv:1706.03762, eq. 1.
import { callNative, fail } from './errors.js';
import type { NativeAttentionOptions, NativeModule } from './native.js';
import { reading } from './plain.js';
import type {
  AttentionInputs,
  AttentionOptions,
  AttentionResult,
  ScoreFunction,
} from './attention-types.js';
import type { MaskTensor, Tensor } from './tensor.js';
import {
  checkArray,
  checkBoolean,
  checkCells,
  checkFinite,
  checkInteger,
  checkKeys,
  checkMask,
  checkObject,
  checkOneOf,
  checkShape,
  checkTemperature,
  checkTensor,
  describe,
  sameShape,
  shapeText,
} from './validation.js';

const inputKeys = new Set(['q', 'k', 'v']);
const optionKeys = new Set([
  'causal',
  'window',
  'mask',
  'bias',
  'scale',
  'temperature',
  'score',
  'normalisation',
  'trace',
]);
const traceable = ['pattern', 'scores', 'maskedScores'] as const;

/** Checks everything, calls C++ once and gives back copies. */
export function attend(
  native: NativeModule,
  inputs: AttentionInputs,
  options?: AttentionOptions,
): AttentionResult {
  const operands = checkObject('inputs', inputs, inputKeys);
  const q = checkTensor('q', operands.q);
  const k = checkTensor('k', operands.k);
  const v = checkTensor('v', operands.v);
  const { leading, queries, keys } = checkOperands(q, k, v);
  const given = checkKeys('options', options, optionKeys);
  const score = nativeScore(given.score ?? 'scaled-dot', q, k);
  if (given.scale !== undefined && score.score === 'additive') {
    fail(
      'invalid_argument',
      'scale: has no meaning with the additive score function; leave it out',
    );
  }
  const laidOut = <T extends Tensor | MaskTensor>(name: string, cells: T): T => {
    return { ...cells, dims: checkCells(name, cells.dims, leading, queries, keys) };
  };

  const nativeOptions: NativeAttentionOptions = {
    causal: checkBoolean('causal', given.causal ?? false),
    window: given.window === undefined ? -1 : checkInteger('window', given.window, 0, 0x7fffffff),
    mask: given.mask === undefined ? null : laidOut('mask', checkMask('mask', given.mask)),
    bias: given.bias === undefined ? null : laidOut('bias', checkTensor('bias', given.bias)),
    scale: given.scale === undefined ? Number.NaN : checkFinite('scale', given.scale),
    temperature: checkTemperature(given.temperature ?? 1),
    ...score,
    normalisation: checkOneOf('normalisation', given.normalisation ?? 'softmax', [
      'softmax',
      'none',
    ]),
    ...nativeTrace(given.trace ?? false),
  };
  return callNative(() => native.attention(q, k, v, nativeOptions));
}

/** q [..., T, K], k [..., S, K], v [..., S, Kv] with the same leading axes. */
function checkOperands(
  q: Tensor,
  k: Tensor,
  v: Tensor,
): { leading: number[]; queries: number; keys: number } {
  for (const [name, tensor] of Object.entries({ q, k, v })) {
    if (tensor.dims.length < 2) {
      fail('shape_mismatch', `${name}: expected at least two axes, got ${shapeText(tensor.dims)}`);
    }
  }
  const leading = q.dims.slice(0, -2);
  for (const [name, tensor] of Object.entries({ k, v })) {
    if (!sameShape(tensor.dims.slice(0, -2), leading)) {
      const expected = [...leading, ...tensor.dims.slice(-2)];
      fail(
        'shape_mismatch',
        `${name}: expected ${shapeText(expected)} (q's leading axes), got ${shapeText(tensor.dims)}`,
      );
    }
  }
  const keys = k.dims.at(-2)!;
  if (v.dims.at(-2) !== keys) {
    const expected = [...leading, keys, v.dims.at(-1)!];
    fail(
      'shape_mismatch',
      `v: expected ${shapeText(expected)} (one value per key), got ${shapeText(v.dims)}`,
    );
  }
  return { leading, queries: q.dims.at(-2)!, keys };
}

function nativeScore(
  score: ScoreFunction,
  q: Tensor,
  k: Tensor,
): Pick<NativeAttentionOptions, 'score' | 'scoreParameters'> {
  const width = q.dims.at(-1)!;
  const keyWidth = k.dims.at(-1)!;
  if (score === 'scaled-dot' || score === 'dot') {
    checkShape('k', k.dims, [...k.dims.slice(0, -1), width]);
    return { score, scoreParameters: [] };
  }
  const kind =
    typeof score === 'object' && score !== null ? reading('score', () => score.kind) : undefined;
  if (kind === 'general') {
    const { w } = checkObject(
      'score',
      score as Extract<ScoreFunction, { kind: 'general' }>,
      new Set(['kind', 'w']),
    );
    const matrix = checkTensor('score.w', w);
    checkShape('score.w', matrix.dims, [width, keyWidth]);
    return { score: kind, scoreParameters: [matrix] };
  }
  if (kind === 'additive') {
    const additive = score as Extract<ScoreFunction, { kind: 'additive' }>;
    const given = checkObject('score', additive, new Set(['kind', 'wq', 'wk', 'v']));
    const wq = checkTensor('score.wq', given.wq);
    const wk = checkTensor('score.wk', given.wk);
    const v = checkTensor('score.v', given.v);
    const hidden = wq.dims[0] ?? 0;
    checkShape('score.wq', wq.dims, [hidden, width]);
    checkShape('score.wk', wk.dims, [hidden, keyWidth]);
    checkShape('score.v', v.dims, [hidden]);
    return { score: kind, scoreParameters: [wq, wk, v] };
  }
  fail(
    'invalid_argument',
    `score: expected "scaled-dot", "dot", { kind: "general", w } or { kind: "additive", wq, wk, v }, got ${describe(kind ?? score)}`,
  );
}

function nativeTrace(
  trace: NonNullable<AttentionOptions['trace']>,
): Pick<NativeAttentionOptions, 'pattern' | 'scores' | 'maskedScores'> {
  if (typeof trace === 'boolean') return { pattern: trace, scores: trace, maskedScores: trace };
  const given = checkArray('trace', trace, 'true, false or an array of names');
  const names = given.map((name, index) => checkOneOf(`trace[${index}]`, name, traceable));
  return {
    pattern: names.includes('pattern'),
    scores: names.includes('scores'),
    maskedScores: names.includes('maskedScores'),
  };
}
