// npm run format: writes every source file as its formatter would have it.
import { exitOnFailure, step } from './lib/steps.mjs';
import { format } from './lib/style.mjs';

await exitOnFailure(() =>
  step('format', async () => {
    const changed = await format();
    for (const name of changed) console.log(name);
    return `${changed.length} files changed`;
  }),
);
