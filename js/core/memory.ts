// Transformer-XL's memory, carried from call to call: what entered each block for the tokens before.
// Dai et al. 2019, arXiv:1901.02860, section 3.2.
import { fail } from './errors.js';
import type { NativeMemory } from './native.js';
import type { CompleteModelConfig } from './config-types.js';
import type { Tensor } from './tensor.js';
import { checkArray, checkShape, checkTensor, shapeText } from './validation.js';

/** The memory of a call with `batch` sequences: a tensor [B, M, D] for each layer, M the same in all and at most memoryLength. */
export function checkMemory(
  given: readonly Tensor[],
  config: CompleteModelConfig,
  batch: number,
): NativeMemory {
  const { memoryLength, numLayers, dModel } = config;
  if (memoryLength === 0) fail('invalid_argument', 'memory: this model has none (memoryLength 0)');
  const tensors = checkArray(
    'memory',
    given,
    `an array of ${numLayers} tensors, one for each layer`,
  ).map((tensor, layer) => checkTensor(`memory[${layer}]`, tensor));
  if (tensors.length !== numLayers)
    fail(
      'invalid_argument',
      `memory: expected an array of ${numLayers} tensors, one for each layer, got an array of ${tensors.length}`,
    );
  const { dims } = tensors[0]!;
  const length = dims[1] ?? 0;
  if (dims.length !== 3 || length > memoryLength) {
    fail(
      'shape_mismatch',
      `memory[0]: expected [${batch}, at most ${memoryLength}, ${dModel}], got ${shapeText(dims)}`,
    );
  }
  const size = batch * length * dModel;
  const hidden = new Float32Array(numLayers * size);
  tensors.forEach((tensor, layer) => {
    checkShape(`memory[${layer}]`, tensor.dims, [batch, length, dModel]);
    hidden.set(tensor.data, layer * size);
  });
  return { length, hidden };
}

/** The names of what the next memory is made of. */
export function remembered({ memoryLength, numLayers }: CompleteModelConfig): string[] {
  return memoryLength === 0
    ? []
    : Array.from({ length: numLayers }, (_, layer) => `blocks.${layer}.resid_pre`);
}

/** The last `most` of the tokens that a layer remembers [B, M, D] and those that entered [B, T, D], as copies; without gradient, as all here. */
export function nextMemory(
  memory: NativeMemory | null,
  layer: number,
  entered: Tensor,
  most: number,
): Tensor {
  const [batch, now, width] = entered.dims as [number, number, number];
  const before = memory?.length ?? 0;
  const start = layer * batch * before;
  const kept = Math.min(most, before + now);
  const data = new Float32Array(batch * kept * width);
  for (let b = 0; b < batch; ++b) {
    const fresh = Math.min(kept, now);
    const end = (b + 1) * kept * width;
    data.set(
      entered.data.subarray(((b + 1) * now - fresh) * width, (b + 1) * now * width),
      end - fresh * width,
    );
    const old = kept - fresh;
    if (memory && old > 0)
      data.set(
        memory.hidden.subarray(
          (start + (b + 1) * before - old) * width,
          (start + (b + 1) * before) * width,
        ),
        end - kept * width,
      );
  }
  return { data, dims: [batch, kept, width] };
}
