// npm run check: formatters, linters and types, without building anything.
import { typeChecks } from './lib/runners.mjs';
import { checkStyle } from './lib/style.mjs';

for (const check of [checkStyle, typeChecks]) {
  const { failed, output } = await check();
  if (failed) {
    console.error(output);
    process.exitCode = 1;
  }
}
