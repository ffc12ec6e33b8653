// npm run format: writes every source file as its formatter would have it, and what is made from the schema of configs.
import { writeConfigDocs, writeConfigSchema } from './lib/config-schema.mjs';
import { exitOnFailure, step } from './lib/steps.mjs';
import { format } from './lib/style.mjs';

await exitOnFailure(() =>
  step('format', async () => {
    writeConfigSchema();
    writeConfigDocs();
    const changed = await format();
    for (const name of changed) console.log(name);
    return `${changed.length} files changed`;
  }),
);
