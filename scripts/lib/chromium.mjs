// Finds the browser for the tests, or installs it.
import { existsSync } from 'node:fs';
import { aptInstall, hasApt } from './apt.mjs';
import { which } from './run.mjs';
import { StepFailed } from './steps.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const applications = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const find = () => names.map(which).find(Boolean) ?? applications.find((path) => existsSync(path));

/** The browser's path; it is also left in $CHROMIUM for the tests. */
export async function findChromium() {
  const { CHROMIUM } = process.env;
  if (CHROMIUM) {
    if (!existsSync(CHROMIUM))
      throw new StepFailed(`$CHROMIUM: expected a browser, got ${CHROMIUM}, which does not exist`);
    return CHROMIUM;
  }
  if (!find() && hasApt()) await aptInstall(['chromium'], 'the browser tests need Chromium');
  const path = find();
  if (!path)
    throw new StepFailed(
      'Chromium or Chrome: not found. Install one, or set CHROMIUM to its path.',
    );
  return (process.env.CHROMIUM = path);
}
