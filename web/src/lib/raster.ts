// Paints a matrix onto a canvas: one pixel per cell for thumbnails, or cells with hatching and numbers.
import { inkOn, type Scale, type Tone } from './colours.ts';
import { cellWeight } from './format.ts';
import { at, type Matrix } from './pattern.ts';

/** Gives the canvas `width` × `height` CSS pixels at the screen's own resolution; drawing is in CSS pixels. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Cell edges on whole pixels, so that no cell is blurred and none is lost. */
const edge = (index: number, count: number, size: number) => Math.round((index * size) / count);

export function paintCells(context: CanvasRenderingContext2D, matrix: Matrix, scale: Scale, width: number, height: number, gap: number): void {
  for (let row = 0; row < matrix.rows; row++) {
    const top = edge(row, matrix.rows, height);
    const bottom = edge(row + 1, matrix.rows, height);
    for (let column = 0; column < matrix.columns; column++) {
      const left = edge(column, matrix.columns, width);
      const right = edge(column + 1, matrix.columns, width);
      context.fillStyle = scale(at(matrix, row, column));
      context.fillRect(left, top, right - left - gap, bottom - top - gap);
    }
  }
}

export interface CellLook {
  tone: Tone;
  scale: Scale;
  /** Value at the full end of the scale. */
  limit: number;
  cell: number;
  isMasked: (row: number, column: number) => boolean;
  hatchInk: string;
  faintInk: string;
  paper: string;
  font: string;
}

/** Smallest cell that holds a number; largest distance between hatching lines; weights that are written faintly. */
const numberCell = 24;
const hatch = 5;
const faintNumber = 0.095;

export function paintHeatmap(context: CanvasRenderingContext2D, matrix: Matrix, look: CellLook): void {
  const { cell, tone } = look;
  const gap = cell >= 10 ? 1 : 0;
  paintCells(context, matrix, look.scale, matrix.columns * cell, matrix.rows * cell, gap);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = look.font;
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      const [x, y] = [column * cell, row * cell];
      if (look.isMasked(row, column)) {
        hatchCell(context, x, y, cell - gap, look);
        continue;
      }
      const value = at(matrix, row, column);
      if (cell < numberCell || Math.abs(value) < 0.005) continue;
      // Small weights recede; those that a reader looks for stand out.
      context.fillStyle = Math.abs(value) < faintNumber ? look.faintInk : inkOn(tone, Math.abs(value) / look.limit);
      context.fillText(cellWeight(value), x + (cell - gap) / 2, y + (cell - gap) / 2 + 0.5);
    }
  }
}

function hatchCell(context: CanvasRenderingContext2D, x: number, y: number, size: number, look: CellLook): void {
  context.save();
  context.beginPath();
  context.rect(x, y, size, size);
  context.clip();
  context.fillStyle = look.paper;
  context.fillRect(x, y, size, size);
  context.strokeStyle = look.hatchInk;
  context.lineWidth = 1;
  context.beginPath();
  const step = Math.min(hatch, Math.max(2, size / 2));
  for (let offset = -size; offset < size; offset += step) {
    context.moveTo(x + offset, y + size);
    context.lineTo(x + offset + size, y);
  }
  context.stroke();
  context.restore();
}
