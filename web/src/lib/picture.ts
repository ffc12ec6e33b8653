// Paints a small picture of ink.
import type { Ink } from './pen.ts';

interface Look {
  /** CSS pixels. */
  side: number;
  ink: string;
  paper: string;
}

export function paintPicture(
  canvas: HTMLCanvasElement,
  picture: Ink,
  { side, ink, paper }: Look,
): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = Math.round(side * ratio);
  canvas.style.width = canvas.style.height = `${side}px`;
  const context = canvas.getContext('2d')!;
  const all = canvas.width;
  context.fillStyle = paper;
  context.fillRect(0, 0, all, all);
  context.fillStyle = ink;
  const cell = (i: number) => Math.round((i * all) / picture.width);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const value = picture.ink[y * picture.width + x]!;
      if (value < 0.02) continue;
      context.globalAlpha = value;
      context.fillRect(cell(x), cell(y), cell(x + 1) - cell(x), cell(y + 1) - cell(y));
    }
  }
  context.globalAlpha = 1;
}
