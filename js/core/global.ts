// Types of a browser's and of Node's globals, for declarations that compile where neither the DOM library nor @types/node is.

/** An instance of a global class; never, where the compiling project has no such class. */
export type Global<Name extends string> =
  typeof globalThis extends Record<Name, { prototype: infer Instance }> ? Instance : never;

/** WebAssembly.Module, in the same way. */
export type WasmModule = typeof globalThis extends {
  WebAssembly: { Module: { prototype: infer Instance } };
}
  ? Instance
  : never;

/** What a canvas can draw: CanvasImageSource, which as an alias cannot be asked for by its name. */
export type Drawable =
  | Global<'HTMLImageElement'>
  | Global<'SVGImageElement'>
  | Global<'HTMLVideoElement'>
  | Global<'HTMLCanvasElement'>
  | Global<'ImageBitmap'>
  | Global<'OffscreenCanvas'>
  | Global<'VideoFrame'>;
