// the main API: hostile arguments. Cases: api-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'the main API: hostile arguments';
/** Of one core of a laptop, or fewer. */
export const casesInMinute = 30_000;
export const { run, replay } = campaign('api');
