// Paints a small picture of ink, and over it where a head looks, place by place.
import type { Scale } from './colours.ts';
import type { Ink } from './pen.ts';

interface Look {
  /** CSS pixels. */
  side: number;
  ink: string;
  paper: string;
  /** Of a square grid of places, row by row: shaded under the ink by their share of the largest. */
  weights?: readonly number[];
  scale?: Scale;
}

export function paintPicture(canvas: HTMLCanvasElement, picture: Ink, { side, ink, paper, weights = [], scale }: Look): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = Math.round(side * ratio);
  canvas.style.width = canvas.style.height = `${side}px`;
  const context = canvas.getContext('2d')!;
  const all = canvas.width;
  context.fillStyle = paper;
  context.fillRect(0, 0, all, all);
  const places = Math.round(Math.sqrt(weights.length));
  if (scale && places > 0) {
    const edge = (i: number) => Math.round((i * all) / places);
    weights.forEach((weight, i) => {
      const [row, column] = [Math.floor(i / places), i % places];
      context.fillStyle = scale.css(weight);
      context.fillRect(edge(column), edge(row), edge(column + 1) - edge(column), edge(row + 1) - edge(row));
    });
  }
  context.fillStyle = ink;
  const cell = (i: number) => Math.round((i * all) / picture.width);
  // Where attention is shaded, the ink is drawn as smaller squares: both can be seen.
  const inset = scale ? 0.22 : 0;
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const value = picture.ink[y * picture.width + x]!;
      if (value < 0.02) continue;
      context.globalAlpha = value;
      const [width, height] = [cell(x + 1) - cell(x), cell(y + 1) - cell(y)];
      context.fillRect(cell(x) + inset * width, cell(y) + inset * height, width * (1 - 2 * inset), height * (1 - 2 * inset));
    }
  }
  context.globalAlpha = 1;
}
