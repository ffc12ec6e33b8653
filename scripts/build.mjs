// npm run build: the wasm, the package in dist/ and the page in web/dist/.
import { buildSteps, setUpSteps } from './lib/build-steps.mjs';
import { exitOnFailure, runSteps } from './lib/steps.mjs';

await exitOnFailure(() => runSteps([...setUpSteps, ...buildSteps]));
