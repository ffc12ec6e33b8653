// the worker API: hostile arguments, aborts, callbacks. Cases: worker-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'the worker API: hostile arguments, aborts, callbacks';
export const { run, replay } = campaign('worker');
