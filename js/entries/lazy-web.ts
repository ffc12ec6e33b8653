// In a browser: folders over fetch and File, downloads in Cache Storage.
import { openWebStore } from '../checkpoints/hub-store.js';
import { openWebFolder } from '../checkpoints/web-folder.js';
import { lazyPartsOf } from '../lazy.js';

export const lazyParts = lazyPartsOf(openWebFolder, openWebStore);
