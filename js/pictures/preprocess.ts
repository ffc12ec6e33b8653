// Pictures → pixelValues, as a preprocessor_config.json says: resized, cropped, rescaled and normalised as Transformers'
// ViTImageProcessor does with PIL (ViTImageProcessorPil; Torchvision's resizes with other rounding).
import { ConfigReader } from '../core/config-reader.js';
import { fail } from '../core/errors.js';
import type { CompleteImageConfig, CompleteModelConfig } from '../core/config-types.js';
import { Tensor } from '../core/tensor.js';
import type { Picture, PreprocessOptions } from './types.js';
import { checkKeys, describe, shapeText } from '../core/validation.js';
import { reading } from '../core/plain.js';
import { bytesOf, pixelsOfAll } from './pixels.js';
import { mostResample, resize, type Bytes } from './resample.js';

const file = 'preprocessor_config.json';
const optionKeys = new Set(['channels']);
const processors = [
  'ViTImageProcessor',
  'ViTImageProcessorFast',
  'ViTImageProcessorPil',
  'ViTFeatureExtractor',
];
const steps = ['do_resize', 'do_center_crop', 'do_rescale', 'do_normalize', 'do_convert_rgb'];
const largestSide = 1 << 12;

type Size = { height: number; width: number } | { shortestEdge: number };

interface Steps {
  size: Size | undefined;
  resample: number;
  crop: { height: number; width: number } | undefined;
  /** Value of every byte, by channel. */
  values: Float32Array[];
}

/**
 * One picture or several → pixelValues [B, channels, height, width]. `preprocessor` is the content of a
 * preprocessor_config.json; fields left out are those of Transformers' ViTImageProcessor.
 */
export function preprocess(
  pictures: Picture | readonly Picture[],
  preprocessor: Readonly<Record<string, unknown>>,
  given?: PreprocessOptions,
): Tensor {
  const { channels = 3 } = checkKeys('options', given, optionKeys);
  if (channels !== 1 && channels !== 3)
    fail('invalid_argument', `channels: expected 1 or 3, got ${describe(channels)}`);
  if (typeof preprocessor !== 'object' || preprocessor === null) {
    fail(
      'invalid_argument',
      `preprocessor: expected the object of a ${file}, got ${describe(preprocessor)}`,
    );
  }
  const steps = reading('preprocessor', () =>
    readSteps(new ConfigReader(preprocessor, '', file), channels),
  );
  const prepared = pixelsOfAll(pictures).map((pixels) =>
    prepare(bytesOf(pixels, channels), steps, channels),
  );
  const { width, height } = prepared[0]!;
  const data = new Float32Array(prepared.length * channels * height * width);
  prepared.forEach((picture, index) => {
    if (picture.width !== width || picture.height !== height) {
      const sizes = [picture, prepared[0]!].map((each) => shapeText([each.height, each.width]));
      fail(
        'shape_mismatch',
        `pictures[${index}]: becomes ${sizes[0]!} where pictures[0] becomes ${sizes[1]!}; one batch has one size`,
      );
    }
    toValues(picture, steps.values, data.subarray(index * channels * height * width));
  });
  return new Tensor(data, [prepared.length, channels, height, width]);
}

/** What a model needs to prepare its pictures. */
export interface ReadsPictures {
  config: CompleteModelConfig;
  preprocessor: Readonly<Record<string, unknown>> | undefined;
}

/** ViTImageProcessor's own settings, for pictures of this size. */
export function usualPreprocessor({
  size: [height, width],
  channels,
}: CompleteImageConfig): Readonly<Record<string, unknown>> {
  const half = new Array(channels).fill(0.5);
  return {
    image_processor_type: 'ViTImageProcessor',
    size: { height, width },
    image_mean: half,
    image_std: half,
  };
}

/** The pictures as the model reads them. */
export function preprocessFor(
  { config, preprocessor }: ReadsPictures,
  pictures: Picture | readonly Picture[],
): Tensor {
  if (!config.image) fail('invalid_argument', 'preprocess: this model reads no pictures');
  if (!preprocessor) {
    fail(
      'no_preprocessor',
      `preprocess: this model's checkpoint has no ${file}; the package's own preprocess() takes its settings`,
    );
  }
  return preprocess(pictures, preprocessor, { channels: config.image.channels as 1 | 3 });
}

function prepare(picture: Bytes, { size, resample, crop }: Steps, channels: number): Bytes {
  const target = size && resizedTo(picture, size);
  const resized = target
    ? resize(picture, target.width, target.height, channels, resample)
    : picture;
  return crop ? cropped(resized, crop.width, crop.height, channels) : resized;
}

function resizedTo({ width, height }: Bytes, size: Size): { width: number; height: number } {
  if ('height' in size) return size;
  const short = size.shortestEdge;
  const long = Math.trunc((short * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: short, height: long } : { width: long, height: short };
}

/** The middle; what lies outside of the picture is 0. */
function cropped(from: Bytes, width: number, height: number, channels: number): Bytes {
  const top = Math.floor((from.height - height) / 2);
  const left = Math.floor((from.width - width) / 2);
  const data = new Uint8Array(width * height * channels);
  const firstColumn = Math.max(-left, 0);
  const lastColumn = Math.min(width, from.width - left);
  for (let y = Math.max(-top, 0); y < Math.min(height, from.height - top); ++y) {
    const row = (y + top) * from.width + left;
    data.set(
      from.data.subarray((row + firstColumn) * channels, (row + lastColumn) * channels),
      (y * width + firstColumn) * channels,
    );
  }
  return { data, width, height };
}

/** Interleaved bytes → planes of values, [C, H, W]. */
function toValues(
  { data, width, height }: Bytes,
  values: readonly Float32Array[],
  to: Float32Array,
): void {
  values.forEach((valueOf, channel) => {
    const plane = to.subarray(channel * width * height);
    for (let pixel = 0; pixel < width * height; ++pixel)
      plane[pixel] = valueOf[data[pixel * values.length + channel]!]!;
  });
}

function readSteps(config: ConfigReader, channels: number): Steps {
  for (const name of ['image_processor_type', 'feature_extractor_type']) {
    if (config.has(name))
      config.choice(name, Object.fromEntries(processors.map((each) => [each, each])), '');
  }
  for (const name of config.names()) {
    if (name.startsWith('do_') && !steps.includes(name)) config.refuseUnless(name, false);
  }
  config.boolean('do_convert_rgb', true); // every picture becomes what the model reads
  const square = config.boolean('default_to_square', true);
  return {
    size: config.boolean('do_resize', true) ? readSize(config, 'size', square, 224) : undefined,
    resample: config.size('resample', 2, mostResample, 0),
    crop: config.boolean('do_center_crop', false) ? readCrop(config) : undefined,
    values: readValues(config, channels),
  };
}

function readCrop(config: ConfigReader): { height: number; width: number } {
  const size = readSize(config, 'crop_size', true);
  return 'height' in size ? size : config.refuse('crop_size', 'height and width', size);
}

/** A number (both sides, or the shorter one), [height, width], or an object of height and width or of shortest_edge. */
function readSize(config: ConfigReader, name: string, square: boolean, otherwise?: number): Size {
  const [first, second] = config.sizes(name, otherwise, largestSide) ?? [];
  if (first !== undefined) {
    if (second !== undefined) return { height: first, width: second };
    return square ? { height: first, width: first } : { shortestEdge: first };
  }
  const size = config.section(name)!;
  for (const key of size.names()) {
    if (!['height', 'width', 'shortest_edge'].includes(key)) size.refuseIfGiven(key);
  }
  if (size.has('shortest_edge'))
    return { shortestEdge: size.size('shortest_edge', 0, largestSide) };
  return { height: size.size('height', 0, largestSide), width: size.size('width', 0, largestSide) };
}

/** (byte · factor − mean) / std, each step rounded to float32 where NumPy rounds it. */
function readValues(config: ConfigReader, channels: number): Float32Array[] {
  const factor = config.boolean('do_rescale', true)
    ? config.positive('rescale_factor', 1 / 255)
    : 1;
  const normalised = config.boolean('do_normalize', true);
  const means = normalised ? config.numbers('image_mean', 0.5, channels) : [];
  const deviations = normalised ? config.numbers('image_std', 0.5, channels, 0) : [];
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => {
      const value = Math.fround(byte * factor);
      if (!normalised) return value;
      return Math.fround(value - Math.fround(means[channel]!)) / Math.fround(deviations[channel]!);
    }),
  );
}
