// Pictures in the forms that a browser or Node has them. No code.
import type { Drawable } from '../core/global.js';

/** Bytes as an ImageData holds them: RGBA, or RGB or grey, row by row from the top. */
export interface PixelData {
  data: Uint8ClampedArray | Uint8Array;
  width: number;
  height: number;
}

/** A picture: its pixels, or in a browser what a canvas can draw (a canvas, an ImageBitmap, a loaded image, a video's frame). */
export type Picture = PixelData | Drawable;

export interface PreprocessOptions {
  /** Of the result: 3 (default) for red, green and blue, 1 for grey. */
  channels?: 1 | 3;
}
