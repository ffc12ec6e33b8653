// Answers the requests of the page's Train, one after another, with one run at a time. In a worker, or where there may be none, in the page.
import { AttentionLabError, createRuntime } from 'attention-lab';
import { openModels, parameterCount } from './models.ts';
import type { Report, Request } from './protocol.ts';
import { TrainingRun, type Post } from './run.ts';

type Open = Extract<Request, { type: 'open' }>;

/** Gives the function that takes requests. */
export function createHost(
  send: (report: Report, transfer: Transferable[]) => void,
): (request: Request) => void {
  const runtime = createRuntime().then(async (started) => {
    await started.ready(); // trainers are part of what is loaded lazily
    return started;
  });
  let run: TrainingRun | null = null;
  /** As the page counts: it drops what is said of an older run. */
  let id = 0;
  const post: Post = (report, transfer = []) => send({ ...report, run: id } as Report, transfer);

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
        return void run
          ?.play(request.every, request.stepsPerSecond)
          .catch((error) => fail(request, error));
      case 'pause':
        return run?.pause();
      case 'pace':
        return run?.setPace(request.stepsPerSecond);
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
    const message = String((error as Error).message);
    post({ type: 'failed', during, code, message, step: 0, back: 0 });
  }

  /** One request after another, in the order they came: none sees a run that is half open. */
  let last: Promise<void> = Promise.resolve();
  return (request) => {
    last = last
      .then(async () => {
        if (request.type === 'open') id = request.run;
        await handle(request);
      })
      .catch((error) => fail(request, error));
  };
}
