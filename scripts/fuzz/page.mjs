// the page: addresses, clicks, keys and texts that nobody would choose. Cases: page-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'the page: damaged addresses, random clicks and keys';
/** Of one core of a laptop, or fewer. */
export const casesInMinute = 15;
export const { run, replay } = campaign('page');
