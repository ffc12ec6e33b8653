// What every native call returns: its value, or the error that it ended in. No C++ exception crosses the border.

export interface NativeError {
  error: { code: string; message: string };
}
export type NativeResult<T> = T | NativeError;
