// The page's training worker: one run at a time, on a thread of its own, so that the page never waits for a step.
import { AttentionLabError, createRuntime } from 'attention-lab';
import { openModels, parameterCount } from './models.ts';
import type { Request } from './protocol.ts';
import { TrainingRun, type Post } from './run.ts';

type Open = Extract<Request, { type: 'open' }>;

/** Of a worker's global scope, what is used here: the page's types are a window's. */
interface Scope {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
}

const scope = globalThis as unknown as Scope;
const runtime = createRuntime();
let run: TrainingRun | null = null;
/** As the page counts: it drops what is said of an older run. */
let id = 0;
const post: Post = (report, transfer = []) => scope.postMessage({ ...report, run: id }, transfer);

/** The run before goes on existing where the new one cannot be opened. */
async function open({ setup: asked, startFrom, input, models: folder }: Open): Promise<void> {
  run?.halt();
  const { setup, lesson, models, trainedSteps } = await openModels(
    await runtime,
    asked,
    startFrom,
    folder,
  );
  const next = new TrainingRun(lesson, models, setup, post);
  run?.dispose();
  run = next;
  post({
    type: 'opened',
    setup,
    trainedSteps,
    startFrom: startFrom.from,
    parameterCount: parameterCount(models.training),
    hasShipped: models.shipped !== null,
  });
  if (input !== null && setup.lesson === asked.lesson) run.read(input);
  else run.readFirst();
}

async function handle(request: Request): Promise<void> {
  if (request.type === 'open') return open(request);
  switch (request.type) {
    case 'play':
      return void run?.play(request.every).catch((error) => fail(request, error));
    case 'pause':
      return run?.pause();
    case 'step':
      return run?.stepOnce();
    case 'learningRate':
      return run?.setLearningRate(request.value);
    case 'off':
      return run?.switchOff(request.heads);
    case 'input':
      return run?.read(request.input);
    case 'example':
      return run?.another();
    case 'show':
      return run?.show(request.step);
    case 'importance':
      return run?.importance(request.heads);
    case 'save':
      return run?.save();
  }
}

function fail(request: Request, error: unknown): void {
  if (request.type !== 'open') return run?.fail(error);
  const code = error instanceof AttentionLabError ? error.code : 'unknown';
  const during = request.startFrom.from === 'files' ? 'loading' : 'opening';
  post({
    type: 'failed',
    during,
    code,
    message: String((error as Error).message),
    step: 0,
    back: 0,
  });
}

/** One request after another, in the order they came: none sees a run that is half open. */
let last: Promise<void> = Promise.resolve();
scope.addEventListener('message', ({ data }) => {
  last = last
    .then(async () => {
      if (data.type === 'open') id = data.run;
      await handle(data);
    })
    .catch((error) => fail(data, error));
});
