// A picture in any form that a browser or Node has it, as bytes of one or three channels.
import { fail, messageOf } from '../core/errors.js';
import { entriesOf, isArray, plainArray, reading } from '../core/plain.js';
import type { Picture, PixelData } from './types.js';
import { checkInteger, describe } from '../core/validation.js';
import type { Bytes } from './resample.js';

/** Red, green and blue, or for one channel PIL's grey of them. Alpha is left out, as PIL's conversion to RGB does. */
export function bytesOf({ data, width, height }: PixelData, channels: 1 | 3): Bytes {
  const given = data.length / (width * height);
  if (given === channels) return { data, width, height };
  const bytes = new Uint8Array(width * height * channels);
  const band = given === 1 ? 0 : 1; // from red to green, from green to blue
  for (let pixel = 0; pixel < width * height; ++pixel) {
    const red = data[pixel * given]!;
    const green = data[pixel * given + band]!;
    const blue = data[pixel * given + 2 * band]!;
    if (channels === 1)
      bytes[pixel] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16; // ITU-R 601-2
    else bytes.set([red, green, blue], pixel * 3);
  }
  return { data: bytes, width, height };
}

/** One picture or several, as their pixels. */
export function pixelsOfAll(pictures: Picture | readonly Picture[]): PixelData[] {
  const list = isArray(pictures)
    ? entriesOf('pictures', pictures as readonly Picture[])
    : [pictures as Picture];
  if (list.length === 0) fail('invalid_argument', 'pictures: expected at least one, got none');
  return list.map((picture, index) => pixelsOf(`pictures[${index}]`, picture));
}

/** The picture's pixels: checked where it brings its own, else as a canvas draws it. */
export function pixelsOf(name: string, picture: Picture): PixelData {
  if (typeof picture !== 'object' || picture === null) return refuse(name, picture);
  const hasPixels = reading(name, () => 'data' in picture);
  return hasPixels
    ? checkPixels(name, picture as PixelData)
    : draw(name, picture as CanvasImageSource);
}

function refuse(name: string, picture: unknown, cause?: unknown): never {
  const reason = cause === undefined ? '' : ` (${messageOf(cause)})`;
  const expected =
    'an ImageData or { data, width, height }, or in a browser what a canvas can draw';
  fail(
    'invalid_argument',
    `${name}: expected ${expected}, got ${describe(picture)}${reason}`,
    cause,
  );
}

function checkPixels(name: string, picture: PixelData): PixelData {
  const {
    data: given,
    width,
    height,
  } = reading(name, () => {
    const { data, width, height } = picture;
    return { data, width, height };
  });
  const data = plainArray('Uint8ClampedArray', given) ?? plainArray('Uint8Array', given);
  checkInteger(`${name}.width`, width, 1, 1 << 15);
  checkInteger(`${name}.height`, height, 1, 1 << 15);
  if (data === undefined) {
    fail(
      'invalid_argument',
      `${name}.data: expected a Uint8ClampedArray or Uint8Array, got ${describe(given)}`,
    );
  }
  if (![1, 3, 4].some((channels) => data.length === channels * width * height)) {
    const counts = [4, 3, 1].map((channels) => channels * width * height).join(', ');
    fail(
      'shape_mismatch',
      `${name}.data: expected ${counts} bytes (RGBA, RGB or grey of ${width} × ${height}), got ${data.length}`,
    );
  }
  return { data, width, height };
}

function draw(name: string, picture: CanvasImageSource): PixelData {
  const size = picture as unknown as Readonly<Record<string, unknown>>;
  const [width, height] = reading(name, () =>
    ['Width', 'Height'].map(
      (side) =>
        size[`natural${side}`] ??
        size[`video${side}`] ??
        size[`display${side}`] ??
        size[side.toLowerCase()],
    ),
  );
  if (
    typeof OffscreenCanvas === 'undefined' ||
    typeof width !== 'number' ||
    typeof height !== 'number'
  )
    refuse(name, picture);
  try {
    const context = new OffscreenCanvas(width, height).getContext('2d', {
      willReadFrequently: true,
    })!;
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, width, height);
  } catch (error) {
    return refuse(name, picture, error); // not loaded yet, closed, empty or of another origin
  }
}
