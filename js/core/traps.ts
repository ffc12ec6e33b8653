// What follows a trap: WebAssembly stops in the middle of a call, no destructor runs, and memory is as it happens to be.
// The runtime is dead from then on. Everything else that JavaScript throws on the way unwinds the C++ stack, and heals.
import { AttentionLabError, fail, messageOf } from './errors.js';
import type { NativeModule } from './native.js';
import { withTensors } from './tensor.js';

const advice = 'create a new runtime, and load or create its models anew';

/** A RuntimeError is a trap; so is, by another name in every engine, the end of the stack inside of WebAssembly. */
function isTrap(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return error instanceof Error && /call stack|recursion/i.test(error.message);
}

type Call = (this: unknown, ...values: unknown[]) => unknown;

/**
 * Puts a guard before every function of the module and every method of its classes, which also gives the tensors of their
 * results their methods. Returns the module.
 */
export function guardTraps(native: NativeModule): NativeModule {
  let trap: string | undefined;
  const guarded = (call: Call): Call =>
    function (...values) {
      if (trap !== undefined)
        fail('runtime_dead', `this runtime ended with a trap (${trap}); ${advice}`);
      const stack = native.stackSave();
      try {
        return withTensors(call.apply(this, values));
      } catch (error) {
        if (!isTrap(error)) {
          native.stackRestore(stack);
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
