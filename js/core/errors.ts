// The one error of the package, its codes, and the border where native errors become it.
import type { NativeResult } from './native-result.js';

/**
 * What went wrong, for code that has to decide:
 *
 * - `invalid_argument`: a value of the wrong type or out of its range
 * - `shape_mismatch`: a tensor whose dims do not fit
 * - `unknown_name`: no parameter, activation or listing of that name
 * - `disposed`: a layer, model or runtime used after `dispose()`
 * - `unsupported_engine`: the engine has no WebAssembly SIMD, or not the variant asked for
 * - `wasm_load`: the wasm could not be fetched, or is not this package's
 * - `network`: a file of a checkpoint could not be fetched
 * - `file_missing`: the folder lacks a file
 * - `bad_checkpoint`: a file is truncated, oversized or malformed
 * - `unsupported_checkpoint`: a sound checkpoint of a model this package does not compute
 * - `checkpoint_mismatch`: tensors are missing, unexpected or of the wrong shape
 * - `no_tokenizer`: text was given to a model whose checkpoint has no tokenizer
 * - `no_preprocessor`: a picture was given to a model whose checkpoint has no preprocessor_config.json
 * - `worker_failed`: a worker's script could not be loaded, or the worker ended by itself
 * - `not_loaded`: an analysis, `save` or `trainer` was asked for before `runtime.ready()`, in a browser, of a model of `createModel`
 * - `not_finite`: a weight is NaN, or training met a loss or a gradient that is NaN or infinite; the weights are as before
 * - `callback_failed`: a function of the caller's (onToken, onProgress, a metric, examples) threw; `cause` is what it threw
 * - `aborted`: the caller's AbortSignal fired
 * - `out_of_memory`: WebAssembly's linear memory could not grow
 * - `runtime_dead`: the runtime ended with a trap; create a new one
 * - `internal`: a defect of this package; please report it
 */
export const errorCodes = [
  'invalid_argument',
  'shape_mismatch',
  'unknown_name',
  'disposed',
  'unsupported_engine',
  'wasm_load',
  'network',
  'file_missing',
  'bad_checkpoint',
  'unsupported_checkpoint',
  'checkpoint_mismatch',
  'no_tokenizer',
  'no_preprocessor',
  'not_loaded',
  'worker_failed',
  'not_finite',
  'callback_failed',
  'aborted',
  'out_of_memory',
  'runtime_dead',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Thrown for everything that can go wrong. The message names the value, what was expected and what came. */
export class AttentionLabError extends Error {
  override readonly name = 'AttentionLabError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** @internal */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new AttentionLabError(code, message, cause === undefined ? undefined : { cause });
}

/** @internal Makes a native call: its value, or its error thrown. A trap or a failed allocation outside C++ becomes ours as well. */
export function callNative<T extends object>(call: () => NativeResult<T>): T {
  let result: NativeResult<T>;
  try {
    result = call();
  } catch (error) {
    if (error instanceof AttentionLabError) throw error; // what the call was made of was refused
    fail(
      error instanceof RangeError ? 'out_of_memory' : 'internal',
      `WebAssembly: ${messageOf(error)}`,
      error,
    );
  }
  if ('error' in result) throw fromNative(result.error);
  return result;
}

/** C++ has a word for each kind of error; everything else it reports is a defect. */
const nativeCodes: Readonly<Record<string, ErrorCode>> = {
  value: 'invalid_argument',
  config: 'invalid_argument',
  range: 'invalid_argument',
  shape: 'shape_mismatch',
  name: 'unknown_name',
  memory: 'out_of_memory',
  not_finite: 'not_finite',
  interrupted: 'aborted',
};

function fromNative({ code, message }: { code: string; message: string }): AttentionLabError {
  return new AttentionLabError(nativeCodes[code] ?? 'internal', message);
}

/** @internal */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that has no message was thrown';
  }
}

/** @internal Throws if the signal has fired. */
export function checkAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) fail('aborted', `${doing}: aborted by the caller`, signal.reason);
}

/** @internal Turns what a step threw after an abort into the abort, and leaves errors of ours alone. */
export function rethrow(
  error: unknown,
  signal: AbortSignal | undefined,
  doing: string,
  otherwise: ErrorCode,
): never {
  checkAborted(signal, doing);
  if (error instanceof AttentionLabError) throw error;
  fail(otherwise, `${doing}: ${messageOf(error)}`, error);
}
