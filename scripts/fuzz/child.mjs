// One process of a campaign: CAMPAIGN SEED FIRST COUNT UNTIL MARKER. Before each case its number goes into the marker's file, so
// that whoever watches knows where a process ended. Now and then the library must prove sound.
import { openSync, writeSync } from 'node:fs';
import { Choose } from './choose.mjs';

const [name, seed, first, count, until, marker] = process.argv.slice(2);
const { open } = await import(`./${name}-cases.mjs`);
const file = openSync(marker, 'r+');
const campaign = await open();
/** Milliseconds that no case may take; cases between two checks that the library is still sound. */
const { soon = 2000, between = 200 } = campaign;
const last = Number(first) + Number(count);
const end = until === '' ? Infinity : Number(until);
let unhandled;
process.on('unhandledRejection', (error) => (unhandled = error));
process.on('uncaughtException', (error) => (unhandled = error));

const say = (error) => String(error?.stack ?? error).slice(0, 1500);
let number = Number(first);
async function attempt(run) {
  const start = performance.now();
  let failure;
  try {
    failure = await run();
  } catch (error) {
    failure = `thrown: ${say(error)}`;
  }
  const took = performance.now() - start;
  if (failure === undefined && took > soon) failure = `took ${Math.round(took)} ms`;
  if (unhandled !== undefined) failure ??= `unhandled: ${say(unhandled)}`;
  unhandled = undefined;
  if (failure !== undefined) process.send({ failure, case: number });
  return failure === undefined;
}

for (; number < last && Date.now() < end; ++number) {
  writeSync(file, String(number).padEnd(12), 0);
  await attempt(() => campaign.run(new Choose(Number(seed), number)));
  if (number % between === between - 1 || number === last - 1)
    if (!(await attempt(() => campaign.check()))) break;
}
await campaign.close?.();
process.send({ done: number }, () => process.exit());
