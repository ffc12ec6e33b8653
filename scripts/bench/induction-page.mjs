// In the browser: trains the lesson "copy" from initial weights until it reaches its goal on held-out examples, and times that.
import { createRuntime } from 'attention-lab';
import { lessonOf } from '../../web/src/lessons/index.ts';
import { heldOutExamples, measure, trainerOptions } from '../../web/src/lessons/training.ts';

const every = 25; // steps between two evaluations on held-out examples, which count as well

window.trainToGoal = async ({ variant, seed }) => {
  const lesson = lessonOf('copy');
  const rt = await createRuntime({ variant });
  const heldOut = heldOutExamples(lesson, 200);
  const begin = performance.now();
  const model = rt.createModel(lesson.config, { seed });
  const trainer = model.trainer(trainerOptions(lesson, seed));
  const batch = trainer.batchOf(heldOut.map(({ example }) => example));
  let accuracy = 0;
  while (accuracy < lesson.goal && trainer.steps < lesson.training.totalSteps) {
    for (let i = 0; i < every; ++i) trainer.step();
    accuracy = trainer.evaluate(batch).accuracy;
  }
  const seconds = (performance.now() - begin) / 1000;
  return {
    variant: rt.variant,
    seed,
    goal: lesson.goal,
    steps: trainer.steps,
    seconds,
    accuracy,
    head: measure(lesson, model, heldOut).head,
  };
};
