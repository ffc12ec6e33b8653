// A picture as a model saw it, and over it the weight of each of its patches.
import type { Tensor } from 'attention-lab';
import type { Ink } from './pen.ts';

/** [1, C, H, W] of one or three channels, darkest to lightest value of all: what normalising did to the colours is not undone exactly. */
export function rgbaOf({ data, dims }: Tensor): ImageData {
  const [, channels, height, width] = dims as [number, number, number, number];
  const [low, high] = [
    data.reduce((a, b) => Math.min(a, b), Infinity),
    data.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const picture = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = data[(channels === 1 ? 0 : channel) * width * height + pixel]!;
      picture.data[pixel * 4 + channel] = high > low ? (255 * (value - low)) / (high - low) : 128;
    }
    picture.data[pixel * 4 + 3] = 255;
  }
  return picture;
}

/** A drawing as it stands on the page: ink on paper, each [red, green, blue]. */
export function rgbaOfInk(
  { width, height, ink }: Ink,
  dark: readonly number[],
  light: readonly number[],
): ImageData {
  const picture = new ImageData(width, height);
  ink.forEach((value, pixel) => {
    for (let channel = 0; channel < 3; channel++)
      picture.data[pixel * 4 + channel] =
        light[channel]! + value * (dark[channel]! - light[channel]!);
    picture.data[pixel * 4 + 3] = 255;
  });
  return picture;
}

/** Over a picture, be it dark or light: a weight, and of a difference what grew and what shrank. */
export const shadeColours = { weight: '#2f8be6', more: '#ee7f12', less: '#9a6be0' };

/** What a patch's weight is measured by: the strongest of all, but never so little that attention spread evenly looks strong. */
export const fullShade = (weights: ArrayLike<number>): number =>
  Math.max(4 / Math.max(1, weights.length), ...Array.from(weights, Math.abs));

/** A patch's colour, and how strongly it lies over the picture: its share of the strongest. */
export interface Shade {
  colour: string;
  share: number;
}

interface Look {
  /** CSS pixels. */
  side: number;
  /** The patch that looks, from 0; −1: none. */
  chosen: number;
}

/** `shades`: row by row over the grid. */
export function paintPatches(
  canvas: HTMLCanvasElement,
  picture: ImageData,
  [rows, columns]: readonly [number, number],
  shades: readonly Shade[],
  { side, chosen }: Look,
): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(side * ratio);
  canvas.height = Math.round((side * ratio * picture.height) / picture.width);
  canvas.style.width = `${side}px`;
  const small = new OffscreenCanvas(picture.width, picture.height);
  small.getContext('2d')!.putImageData(picture, 0, 0);
  const context = canvas.getContext('2d')!;
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const box = (i: number) => {
    const edge = (place: number, count: number, all: number) => Math.round((place * all) / count);
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [x, y] = [edge(column, columns, canvas.width), edge(row, rows, canvas.height)];
    return [
      x,
      y,
      edge(column + 1, columns, canvas.width) - x,
      edge(row + 1, rows, canvas.height) - y,
    ] as const;
  };
  shades.forEach(({ colour, share }, i) => {
    context.fillStyle = colour;
    context.globalAlpha = 0.8 * share;
    context.fillRect(...box(i));
  });
  context.globalAlpha = 1;
  if (chosen < 0) return;
  context.lineWidth = 2 * ratio;
  context.strokeStyle = '#e5720f';
  context.strokeRect(...box(chosen));
}
