import { packageSteps, setUpSteps } from './lib/build-steps.mjs';
import { runSteps, exitOnFailure } from './lib/steps.mjs';
await exitOnFailure(() => runSteps([...setUpSteps, ...packageSteps]));
