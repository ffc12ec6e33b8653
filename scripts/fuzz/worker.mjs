// the worker API: hostile arguments, aborts, callbacks. Cases: worker-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'the worker API: hostile arguments, aborts, callbacks';
/** Of one core of a laptop, or fewer. */
export const casesInMinute = 10_000;
export const { run, replay } = campaign('worker');
