// One runtime for all who ask for no more than a model.
import type { LoadOptions, ModelSource } from './checkpoints/types.js';
import type { AttentionLabError } from './core/errors.js';
import type { Model } from './model.js';
import type { Runtime } from './runtime.js';

/** A `loadModel` whose first call starts the runtime. One that did not start, or has ended with a trap, is started anew. */
export function sharedLoader(
  createRuntime: () => Promise<Runtime>,
): (source: ModelSource, options?: LoadOptions) => Promise<Model> {
  let shared: Promise<Runtime> | undefined;
  return async (source, options) => {
    const starting = (shared ??= createRuntime());
    try {
      return await (await starting).loadModel(source, options);
    } catch (error) {
      const hasStarted = await starting.then(
        () => true,
        () => false,
      );
      const hasEnded = (error as Partial<AttentionLabError>).code === 'runtime_dead';
      if ((hasEnded || !hasStarted) && shared === starting) shared = undefined;
      throw error;
    }
  };
}
