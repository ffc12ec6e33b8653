// npm run fuzz -- --minutes N --seed S [--only NAME[,NAME]] [--replay FILE]: seeded fuzzers in child processes, so that an
// abort counts. A case that fails is written as a file, and that file replays it. Minutes are each campaign's.
import { parseArgs } from 'node:util';
import { campaigns } from './fuzz/campaigns.mjs';
import { exitOnFailure, step, StepFailed } from './lib/steps.mjs';

const usage = `usage: npm run fuzz -- [--minutes N] [--seed S] [--only ${Object.keys(campaigns).join('|')}] [--replay FILE]`;

function fuzzOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '1' },
        seed: { type: 'string', default: '1' },
        only: { type: 'string', default: Object.keys(campaigns).join(',') },
        replay: { type: 'string' },
      },
    }));
  } catch (error) {
    throw new StepFailed(`${error.message}\n${usage}`);
  }
  const number = (name, least) => {
    const value = Number(values[name]);
    if (!(value >= least))
      throw new StepFailed(
        `--${name}: expected a number of at least ${least}, got ${values[name]}\n${usage}`,
      );
    return value;
  };
  const names = values.only.split(',');
  for (const name of names)
    if (!Object.hasOwn(campaigns, name))
      throw new StepFailed(`--only: no campaign is called ${name}\n${usage}`);
  return {
    minutes: number('minutes', 0.01),
    seed: number('seed', 0),
    names,
    replay: values.replay,
  };
}

await exitOnFailure(async () => {
  const { minutes, seed, names, replay } = fuzzOptions();
  if (replay !== undefined && names.length !== 1)
    throw new StepFailed(`--replay: expected --only with the campaign of the file\n${usage}`);
  let failed = 0;
  for (const [i, name] of names.entries()) {
    const campaign = await campaigns[name]();
    await step(`[${i + 1}/${names.length}] ${campaign.title}`, async () => {
      const { cases, failures } =
        replay === undefined
          ? await campaign.run({ seconds: minutes * 60, seed })
          : await campaign.replay(replay);
      const count = `${cases.toLocaleString('en')} cases, seed ${seed}`;
      if (failures.length === 0) return `${count}, none failed`;
      failed += failures.length;
      for (const { file, message } of failures) console.error(`\n${message}\n${file}`);
      return { failed: `${count}, ${failures.length} failed` };
    });
  }
  if (failed > 0) process.exitCode = 1;
});
