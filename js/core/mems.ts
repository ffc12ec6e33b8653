// Transformer-XL's mems, carried from call to call: what entered each block for the tokens before.
// Dai et al. 2019, arXiv:1901.02860, section 3.2.
import { fail } from './errors.js';
import type { NativeMems } from './native.js';
import type { CompleteModelConfig } from './config-types.js';
import { Tensor, type TensorInput } from './tensor.js';
import { checkArray, checkShape, checkTensor, shapeText } from './validation.js';

/** The mems of a call with `batch` sequences: a tensor [B, M, D] for each layer, M the same in all and at most memLength. */
export function checkMems(
  given: readonly TensorInput[],
  config: CompleteModelConfig,
  batch: number,
): NativeMems {
  const { memLength, numLayers, dModel } = config;
  if (memLength === 0) fail('invalid_argument', 'mems: this model has none (memLength 0)');
  const tensors = checkArray(
    'mems',
    given,
    `an array of ${numLayers} tensors, one for each layer`,
  ).map((tensor, layer) => checkTensor(`mems[${layer}]`, tensor));
  if (tensors.length !== numLayers)
    fail(
      'invalid_argument',
      `mems: expected an array of ${numLayers} tensors, one for each layer, got an array of ${tensors.length}`,
    );
  const { dims } = tensors[0]!;
  const length = dims[1] ?? 0;
  if (dims.length !== 3 || length > memLength) {
    fail(
      'shape_mismatch',
      `mems[0]: expected [${batch}, at most ${memLength}, ${dModel}], got ${shapeText(dims)}`,
    );
  }
  const size = batch * length * dModel;
  const hiddenStates = new Float32Array(numLayers * size);
  tensors.forEach((tensor, layer) => {
    checkShape(`mems[${layer}]`, tensor.dims, [batch, length, dModel]);
    hiddenStates.set(tensor.data, layer * size);
  });
  return { length, hiddenStates };
}

/** The names of what the next mems are made of. */
export function memsNames({ memLength, numLayers }: CompleteModelConfig): string[] {
  return memLength === 0
    ? []
    : Array.from({ length: numLayers }, (_, layer) => `blocks.${layer}.resid_pre`);
}

/** The last `most` rows of a layer's mems so far [B, M, D] and of those that entered [B, T, D], as copies. */
export function nextMems(
  mems: NativeMems | null,
  layer: number,
  entered: Tensor,
  most: number,
): Tensor {
  const [batch, now, width] = entered.dims as [number, number, number];
  const before = mems?.length ?? 0;
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
    if (mems && old > 0)
      data.set(
        mems.hiddenStates.subarray(
          (start + (b + 1) * before - old) * width,
          (start + (b + 1) * before) * width,
        ),
        end - kept * width,
      );
  }
  return new Tensor(data, [batch, kept, width]);
}
