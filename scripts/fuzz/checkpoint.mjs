// checkpoints: files changed at random. Cases: checkpoint-cases.mjs.
import { campaign } from './processes.mjs';

export const title = 'checkpoints: files changed at random';
export const { run, replay } = campaign('checkpoint');
