// What follows a trap: WebAssembly stops in the middle of a call, no destructor runs, and memory is as it happens to be.
// The runtime is dead from then on. Everything else that JavaScript throws on the way unwinds the C++ stack, and heals.
import { AttentionLabError, fail, messageOf } from './errors.js';
import type { NativeModule } from './native.js';
import { withTensors } from './tensor.js';

const advice = 'create a new runtime, and load or create its models anew';

/**
 * A RuntimeError is a trap; so is, by another name in every engine, the end of the stack inside of WebAssembly. No regular
 * expression tells it: V8 ends the process when the stack is too short to compile one.
 */
function isTrap(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  if (!(error instanceof Error)) return false;
  const message = error.message.toLowerCase();
  return message.includes('call stack') || message.includes('recursion');
}

type Call = (this: unknown, ...values: unknown[]) => unknown;

/**
 * Puts a guard before every function of the module and every method of its classes, which also gives the tensors of their
 * results their methods. Returns the module.
 */
export function guardTraps(native: NativeModule): NativeModule {
  let trap: string | undefined;
  let isInside = false; // still true at the next call if the stack ended in the lines that follow an error, too
  const guarded = (call: Call): Call =>
    function (...values) {
      if (isInside) trap ??= 'the stack ended';
      if (trap !== undefined)
        fail('runtime_dead', `this runtime ended with a trap (${trap}); ${advice}`);
      const stack = native.stackSave();
      isInside = true;
      try {
        const result = withTensors(call.apply(this, values));
        isInside = false;
        return result;
      } catch (error) {
        if (!isTrap(error)) {
          native.stackRestore(stack);
          isInside = false;
          throw error;
        }
        trap = messageOf(error);
        throw new AttentionLabError(
          'internal',
          `WebAssembly: ${trap}. Please report it. This runtime has ended; ${advice}`,
          { cause: error },
        );
      }
    };
  const guardAll = (holder: Record<string, unknown>, names: readonly string[]): void => {
    for (const name of names) holder[name] = guarded(holder[name] as Call);
  };
  const module = native as unknown as Record<string, Call>;
  guardAll(module, functions);
  for (const name of classes) {
    const methods = module[name]!.prototype as Record<string, Call>;
    guardAll(
      methods,
      Object.getOwnPropertyNames(methods).filter((method) => method !== 'constructor'),
    );
    const give = methods['delete']!;
    methods['delete'] = function () {
      if (trap === undefined) give.call(this); // the memory of a dead runtime goes with its module
    };
  }
  return native;
}

const functions = [
  'attention',
  'createAttentionLayer',
  'createModel',
  'createRecurrent',
  'createGeneration',
  'createTrainer',
] as const satisfies readonly (keyof NativeModule)[];

/** As cpp/bindings registers them. The first is the base of the next three. */
const classes = ['Parameterised', 'AttentionLayer', 'Model', 'Recurrent', 'Generation', 'Trainer'];
