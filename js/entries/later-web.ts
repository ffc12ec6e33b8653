// In a browser: folders over fetch and File, downloads in Cache Storage.
import { openWebStore } from '../checkpoints/hub-store.js';
import { openWebFolder } from '../checkpoints/web-folder.js';
import { laterOf } from './later.js';

export const later = laterOf(openWebFolder, openWebStore);
