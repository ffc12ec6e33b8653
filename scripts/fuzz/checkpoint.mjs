// checkpoints: files changed at random. Cases: checkpoint-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'checkpoints: files changed at random';
/** Of one core of a laptop, or fewer. */
export const casesInMinute = 25_000;
export const { run, replay } = campaign('checkpoint');
