// All that a runtime asks of checkpoints: to load one, to list what downloads have left behind, and to drop it.
import type {
  CachedModel,
  CacheOptions,
  ClearCacheOptions,
  LoadOptions,
  ModelSource,
} from './types.js';
import { checkKeys, checkString } from '../core/validation.js';
import type { OpenFolder } from './folder.js';
import { clearModels, listModels } from './hub-cache.js';
import type { OpenStore } from './hub-store.js';
import { loadCheckpoint, type CreateModel, type LoadedModel } from './load.js';

export interface Checkpoints {
  load<M extends LoadedModel>(
    source: ModelSource,
    options: LoadOptions | undefined,
    create: CreateModel<M>,
  ): Promise<M>;
  listCache(options: CacheOptions | undefined): Promise<CachedModel[]>;
  clearCache(options: ClearCacheOptions | undefined): Promise<void>;
}

export function checkpointsOf(openFolder: OpenFolder, openStore: OpenStore): Checkpoints {
  return {
    load: (source, options, create) => loadCheckpoint(source, options, openFolder, create),
    async listCache(options) {
      const store = openStore(checkKeys('options', options, new Set(['cacheDir'])));
      return store ? listModels(store) : [];
    },
    async clearCache(options) {
      const { repo, cacheDir } = checkKeys('options', options, new Set(['repo', 'cacheDir']));
      const store = openStore({ cacheDir });
      if (store)
        await clearModels(store, repo === undefined ? undefined : checkString('repo', repo));
    },
  };
}
