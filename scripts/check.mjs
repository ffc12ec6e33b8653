// npm run check: formatters, linters and types, without building anything.
import { writeConfigSchema } from './lib/config-schema.mjs';
import { typeChecks } from './lib/runners.mjs';
import { checkStyle } from './lib/style.mjs';

writeConfigSchema();
for (const check of [checkStyle, typeChecks]) {
  const { failed, output } = await check();
  if (failed) {
    console.error(output);
    process.exitCode = 1;
  }
}
