// Tensors: row-major numbers and their sizes.

/** A row-major copy, yours to keep: the last index runs fastest. */
export interface Tensor {
  data: Float32Array;
  dims: number[];
}

/** 1 = may attend. `dims` are [T, S], or with leading axes [B, T, S] or [B, H, T, S]; B or H may be 1 for all. */
export interface MaskTensor {
  data: Uint8Array;
  dims: number[];
}

export interface IntegerTensor {
  data: Int32Array;
  dims: number[];
}

/** One sequence, a batch of sequences of equal length, or an integer tensor [B, T]. */
export type TokenIds = readonly number[] | readonly (readonly number[])[] | IntegerTensor;

/** Name → tensor, as `parameters()` gives them or as a plain object. */
export type NamedTensors = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;
