// Training a model: draws examples, takes steps and snapshots. The arithmetic is C++'s.
import { disagreementWeights, type DisagreementWeights } from './disagreement.js';
import { callNow } from '../core/callbacks.js';
import { bindMembers } from '../core/bound.js';
import type { DisposableObject } from '../core/disposable.js';
import { callNative, fail } from '../core/errors.js';
import type { Handle, Handles } from '../core/handles.js';
import { nativeInterventions } from '../core/interventions.js';
import type { CoreModel } from '../core/model.js';
import type {
  NativeModel,
  NativeModule,
  NativeTrainer,
  NativeTrainingBatch,
} from '../core/native.js';
import { SplitMix64 } from '../core/random.js';
import { traceMap, traceNames } from '../core/trace.js';
import { checkTrainingBatch, collate, type PadTokenIds } from './batches.js';
import {
  checkExamples,
  checkOptions,
  checkRate,
  checkSnapshot,
  completeOptions,
} from './options.js';
import type { Intervention } from '../core/forward-types.js';
import type { SeededRandom } from '../core/random.js';
import type { Tensor } from '../core/tensor.js';
import type {
  Evaluation,
  GradientOptions,
  Gradients,
  Snapshot,
  StepResult,
  TrainerOptions,
  TrainerSettings,
  TrainingBatch,
  TrainingExample,
} from './types.js';
import {
  checkArray,
  checkAttached,
  checkInteger,
  checkKeys,
  checkSeed,
} from '../core/validation.js';

const settingKeys: ReadonlySet<string> = new Set<keyof TrainerSettings>(['lr', 'interventions']);
const gradientKeys: ReadonlySet<string> = new Set<keyof GradientOptions>(['trace']);
const gradientPrefix = 'grad.';

/** @internal What a trainer needs to know of its model. */
export interface Training {
  model: CoreModel;
  module: NativeModule;
  native(): NativeModel;
  handles: Handles;
  padTokenIds: PadTokenIds;
}

/** AdamW on cross-entropy. Made by `model.trainer(options)`; it changes that model's weights. */
export class Trainer implements DisposableObject {
  readonly #model: CoreModel;
  readonly #padTokenIds: PadTokenIds;
  readonly #handle: Handle<NativeTrainer>;
  readonly #activations: ReadonlySet<string>;
  readonly #draw: ((random: SeededRandom) => TrainingExample) | undefined;
  readonly #batchSize: number;
  readonly #disagreementOf: DisagreementWeights;
  readonly #random: SplitMix64;
  #lr: number;
  #interventions: readonly Intervention[] = [];

  /** @internal */
  constructor({ model, module, native, handles, padTokenIds }: Training, given: TrainerOptions) {
    bindMembers(this);
    const options = checkOptions(given);
    this.#model = model;
    this.#padTokenIds = padTokenIds;
    this.#activations = new Set(model.activationNames());
    this.#draw = checkExamples(options.examples);
    this.#batchSize = checkInteger('batchSize', options.batchSize ?? 32, 1, 1 << 20);
    this.#disagreementOf = disagreementWeights(options.disagreement, model.config);
    this.#random = new SplitMix64(BigInt(checkSeed('seed', options.seed ?? 0)));
    const complete = completeOptions(options);
    this.#lr = complete.lr;
    const interventions = nativeInterventions(options.interventions ?? [], this.#activations);
    this.#handle = handles.adopt(
      this,
      callNative(() => module.createTrainer(native(), complete)),
      'Trainer',
    );
    try {
      callNative(() => this.#native.setInterventions(interventions));
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#interventions = checkArray('interventions', options.interventions ?? [], 'an array');
  }

  get #native(): NativeTrainer {
    const { native } = this.#handle;
    return this.#model.disposed
      ? fail('disposed', 'Trainer: its model was used after dispose()')
      : native;
  }

  /** Steps taken. */
  get steps(): number {
    return this.#native.steps();
  }

  /** The rate after the warm-up; may be changed between two steps. */
  get lr(): number {
    return this.#lr;
  }
  set lr(lr: number) {
    const rate = checkRate(lr);
    callNative(() => this.#native.setLr(rate));
    this.#lr = lr;
  }

  /** In force in every step, evaluation and gradient; may be changed between two steps. */
  get interventions(): readonly Intervention[] {
    return this.#interventions;
  }
  set interventions(interventions: readonly Intervention[]) {
    const native = nativeInterventions(interventions, this.#activations);
    callNative(() => this.#native.setInterventions(native));
    this.#interventions = checkArray('interventions', interventions, 'an array');
  }

  /** Changes the rate, the interventions or both. In a worker, whose properties are not assigned, the only way. */
  set(given: TrainerSettings): void {
    const { lr, interventions } = checkKeys('settings', given, settingKeys);
    if (interventions !== undefined) this.interventions = interventions;
    if (lr !== undefined) this.lr = lr;
  }

  /**
   * One step on this batch or, without one, on batchSize examples drawn from `examples`. Loss and accuracy are of the weights
   * before it. Throws `not_finite`, and leaves the weights as they were, where the loss or its gradient is NaN or infinite.
   */
  step(batch?: TrainingBatch): StepResult {
    const checked = this.#check(batch === undefined ? this.#drawBatch() : batch);
    return callNative(() => this.#native.step(checked));
  }

  /** Loss and accuracy on a batch, the trainer's interventions in force. Throws `not_finite` where the loss is NaN or infinite. */
  evaluate(batch: TrainingBatch): Evaluation {
    const checked = this.#check(batch);
    return callNative(() => this.#native.evaluate(checked));
  }

  /**
   * The loss's gradient with respect to every parameter and, on request, to activations. Weights stay as they are. Throws
   * `not_finite` as evaluate does.
   */
  gradients(batch: TrainingBatch, given?: GradientOptions): Gradients {
    const checked = this.#check(batch);
    const { trace } = checkKeys('options', given, gradientKeys);
    const known = new Set([
      ...this.#activations,
      ...[...this.#activations].map((name) => gradientPrefix + name),
    ]);
    const names = traceNames(trace, known) ?? [];
    const ofGradients = names.filter((name) => name === '*' || name.startsWith(gradientPrefix));
    const ofValues = names.filter((name) => !name.startsWith(gradientPrefix));
    const { parameters, activations, gradients, ...evaluation } = callNative(() =>
      this.#native.gradients(
        checked,
        ofValues,
        ofGradients.map((name) => name.replace(gradientPrefix, '')),
      ),
    );
    const traced = traceMap(activations);
    for (const [name, tensor] of Object.entries(gradients))
      traced.set(gradientPrefix + name, tensor);
    return { ...evaluation, parameters: traceMap(parameters), trace: traced };
  }

  /** Examples of unequal length as one batch: padded, with a mask where one is needed. */
  batchOf(examples: readonly TrainingExample[]): TrainingBatch {
    void this.#native; // a disposed trainer says so
    return collate(examples, this.#padTokenIds, this.#model.config);
  }

  #drawBatch(): TrainingBatch {
    const draw = this.#draw;
    if (draw === undefined) {
      fail(
        'invalid_argument',
        "step: expected a batch, since the trainer's options have no `examples`; got none",
      );
    }
    return this.batchOf(
      Array.from({ length: this.#batchSize }, () => callNow('examples', draw, this.#random)),
    );
  }

  /** Of a trainer that is still there: a disposed one says so first. */
  #check(batch: TrainingBatch): NativeTrainingBatch {
    void this.#native;
    const checked = checkTrainingBatch(batch, this.#model.config);
    return { ...checked, disagreement: this.#disagreementOf(checked) };
  }

  /** Copies of all that training resumes from, bit for bit: weights, moments, step count and random numbers. */
  snapshot(): Snapshot {
    const native = this.#native;
    const firstMoments = new Map<string, Tensor>();
    const secondMoments = new Map<string, Tensor>();
    for (const name of this.#model.parameterShapes().keys()) {
      const { first, second } = callNative(() => native.moments(name));
      firstMoments.set(name, first);
      secondMoments.set(name, second);
    }
    return {
      step: native.steps(),
      parameters: this.#model.parameters(),
      firstMoments,
      secondMoments,
      random: this.#random.state,
    };
  }

  /** Back to a snapshot of a model of the same config. Rate and interventions stay as they are. */
  restore(given: Snapshot): void {
    const native = this.#native;
    const shapes = this.#model.parameterShapes();
    const snapshot = checkSnapshot(given, shapes);
    const moments = [...shapes.keys()].map((name) => {
      const first = snapshot.firstMoments.get(name)!;
      const second = snapshot.secondMoments.get(name)!;
      for (const tensor of [first, second, snapshot.parameters.get(name)!])
        checkAttached(`snapshot: ${name}`, tensor);
      return { name, first, second };
    });
    this.#model.setParameters(snapshot.parameters);
    for (const { name, first, second } of moments)
      callNative(() => this.#native.setMoments(name, first, second));
    callNative(() => native.setSteps(snapshot.step));
    this.#random.state = BigInt.asUintN(64, snapshot.random);
  }

  get disposed(): boolean {
    return this.#handle.disposed;
  }

  /** Gives the moments' memory back; the model stays. May be called twice; anything else afterwards throws `disposed`. */
  dispose(): void {
    this.#handle.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
