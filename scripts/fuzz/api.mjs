// the main API: hostile arguments. Cases: api-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'the main API: hostile arguments';
export const { run, replay } = campaign('api');
