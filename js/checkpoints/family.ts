// What a model family is: the table that says how Transformers names its config's fields and its tensors.
import type { CompleteModelConfig } from '../core/config-types.js';
import type { GenerationDefaults } from '../core/checkpoint-extras.js';

/** One parameter of ours and where a file has it. */
export interface TensorRule {
  ours: string;
  /** Its name in a file, then older ones: the first that is there counts, and errors say the first of all. */
  theirs: string[];
  /** Saved under these of them, too: Transformers wants tensors of those names, but does not compute with them. */
  copies?: string[];
  /** Ours. */
  dims: number[];
  /** The file holds [in, out] where ours is [out, in]. */
  transposed?: boolean;
  /** The file's dims, where it says the same values otherwise. */
  saved?: number[];
  /** From the file's values to ours and back, where they are others, or in another order. */
  convert?: {
    ours(theirs: Float32Array): Float32Array;
    theirs(ours: Float32Array): Float32Array;
  };
}

export interface Plan {
  config: CompleteModelConfig;
  /** undefined: the file has every parameter under its own name. */
  rules: TensorRule[] | undefined;
  /** Tensors that a file may hold and no forward pass needs: buffers and copies. */
  ignored: RegExp[];
  /** Weights of the family that no forward pass of ours needs, kept for `save`. */
  passedThrough?: RegExp[];
  /** What generation_config.json, or else config.json, says about generated tokens. */
  generation?: GenerationDefaults;
  /** The names of a classifier's classes. */
  labels?: string[] | undefined;
}

export interface Family {
  /** config.json's model_type. */
  modelType: string;
  /** Other names that a config.json may have for fields of the family's own: Transformers' attribute_map. */
  aliases?: Readonly<Record<string, string>>;
  /** config.json's architectures that this family computes. */
  architectures: string[];
  /** The one of them that stands for any other with its head left out. */
  body?: string;
  /** Transformers' class of its tokenizers, where no file names another. */
  tokenizerClass?: string;
  /** Whether a generation_config.json may belong to it. */
  generates?: boolean;
  /** Whether a preprocessor_config.json belongs to it rather than a tokenizer. */
  readsPictures?: boolean;
  /** `has` tells whether the file holds a tensor of that name; `generation` is generation_config.json, where it is there. */
  read(
    json: Readonly<Record<string, unknown>>,
    architecture: string | undefined,
    has: (name: string) => boolean,
    generation: Readonly<Record<string, unknown>> | undefined,
  ): Plan;
  /**
   * The config.json of a model of this config, as near as the family comes to it: the config counts as this family's
   * only if `read` gives it back, so that no condition is written twice.
   */
  write(config: CompleteModelConfig): Readonly<Record<string, unknown>>;
}
