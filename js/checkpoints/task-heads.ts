// The heads that answer with labels, as Transformers saves them: of a text, of each of its tokens, or with a span of it.
// transformers' …ForSequenceClassification, …ForTokenClassification and …ForQuestionAnswering.
import type { CompleteModelConfig, ModelConfig } from '../core/config-types.js';
import type { ConfigReader } from '../core/config-reader.js';
import type { Plan } from './family.js';
import type { Rules } from './rules.js';

const tasks = {
  ForSequenceClassification: 'sequence',
  ForTokenClassification: 'token',
  ForQuestionAnswering: 'span',
} as const;

const problems = {
  single_label_classification: 'single_label_classification',
  multi_label_classification: 'multi_label_classification',
  regression: 'regression',
} as const;

/** The architectures of a family with such heads; `name` is what they begin with. */
export const taskArchitectures = (name: string): string[] =>
  Object.keys(tasks).map((task) => name + task);

/** What a config.json says of such a head. */
export interface Task {
  config: Pick<ModelConfig, 'numLabels' | 'labelsFor' | 'problemType' | 'pooler'>;
  labels: string[];
}

/** undefined: the architecture has none of these heads. */
export function readTask(
  config: ConfigReader,
  name: string,
  architecture: string | undefined,
): Task | undefined {
  const task = architecture?.startsWith(name) ? architecture.slice(name.length) : '';
  if (!Object.hasOwn(tasks, task)) return undefined;
  const labelsFor = tasks[task as keyof typeof tasks];
  const labels = readLabels(config);
  const numLabels = labels.length;
  if (labelsFor === 'span' && numLabels !== 2) config.refuse('num_labels', '2', numLabels);
  if (labelsFor !== 'sequence')
    return {
      config: { numLabels, labelsFor, pooler: false },
      labels: labelsFor === 'span' ? [] : labels,
    };
  // As Transformers: one label is a number unless the config says otherwise.
  const usual = numLabels === 1 ? 'regression' : 'single_label_classification';
  return {
    config: {
      numLabels,
      labelsFor,
      pooler: true,
      problemType: config.choice('problem_type', problems, usual),
    },
    labels,
  };
}

/** The fields that `readTask` reads, and the architecture; undefined where the config has none of these heads. */
export function taskFields(
  name: string,
  { numLabels, labelsFor, problemType }: CompleteModelConfig,
): Record<string, unknown> | undefined {
  if (numLabels === 0) return undefined;
  const task = Object.entries(tasks).find(([, of]) => of === labelsFor)![0];
  return {
    architectures: [name + task],
    id2label: Object.fromEntries(usualLabels(numLabels).entries()),
    ...(labelsFor === 'sequence' && { problem_type: problemType }),
  };
}

/** What a file calls the layers of such a head. */
export interface TaskNames {
  /** The layer between the first token and the classes of a text. */
  pooler: string;
  /** The classes of a text. */
  classifier: string;
}

/** The head's tensors; none where the config has none of these heads. */
export function addTaskRules(head: Rules, config: CompleteModelConfig, names: TaskNames): void {
  const { dModel: D, numLabels: L, labelsFor } = config;
  if (L === 0) return;
  if (labelsFor === 'sequence') head.linear('pooler', names.pooler, D, D);
  const classes = { sequence: names.classifier, token: 'classifier', span: 'qa_outputs' };
  head.linear('classifier', classes[labelsFor], L, D);
}

/** What a file with such a head may hold of pre-training: Transformers loads it without. */
export const unusedByTasks: NonNullable<Plan['passedThrough']> = [
  /(^|\.)pooler\./,
  /^(cls|lm_head|vocab_transform|vocab_layer_norm|vocab_projector)\./,
];

/** The names of the classes. A config that leaves them out has num_labels of them, by default two. */
export function readLabels(config: ConfigReader): string[] {
  const names = config.section('id2label');
  const usual = usualLabels(names ? names.names().length : config.size('num_labels', 2));
  return usual.map((name, label) => names?.text(String(label), name) ?? name);
}

export function usualLabels(count: number): string[] {
  return Array.from({ length: count }, (_, label) => `LABEL_${label}`);
}
