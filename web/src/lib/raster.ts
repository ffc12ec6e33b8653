// Paints a matrix onto a canvas: cells as pixels, then hatching and numbers where there is room.
import type { Scale } from './colours.ts';
import { cellWeight } from './format.ts';
import { at, type Matrix } from './pattern.ts';
import { inView, paintView, type Cells, type View } from './viewport.ts';

export interface Size {
  /** CSS pixels. */
  width: number;
  height: number;
  /** Between cells. */
  gap: number;
}

/** Cell edges on whole pixels of the screen, so that no cell is blurred and none is lost. */
const edges = (count: number, size: number) =>
  Array.from({ length: count + 1 }, (_, i) => Math.round((i * size) / count));

/** Sets the canvas to its size at the screen's resolution and fills every cell; gaps stay transparent. */
export function paintCells(
  canvas: HTMLCanvasElement,
  matrix: Matrix,
  scale: Scale,
  { width, height, gap }: Size,
): void {
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [
    Math.max(1, Math.round(width * ratio)),
    Math.max(1, Math.round(height * ratio)),
  ];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const image = new ImageData(across, down);
  const pixels = new Uint32Array(image.data.buffer);
  const [columns, rows] = [edges(matrix.columns, across), edges(matrix.rows, down)];
  const space = Math.round(gap * ratio);
  for (let row = 0; row < matrix.rows; row++) {
    const first = rows[row]! * across;
    const last = (rows[row + 1]! - space) * across;
    if (last <= first) continue;
    for (let column = 0; column < matrix.columns; column++) {
      pixels.fill(
        scale.pixel(at(matrix, row, column)),
        first + columns[column]!,
        first + columns[column + 1]! - space,
      );
    }
    for (let line = first + across; line < last; line += across)
      pixels.copyWithin(line, first, first + across);
  }
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}

export interface CellLook {
  scale: Scale;
  isMasked: (row: number, column: number) => boolean;
  hatchInk: string;
  faintInk: string;
  paper: string;
  font: string;
}

/** Smallest cell that holds a number; distance between hatching lines; weights that are written faintly. */
const numberCell = 24;
const hatch = 5;
const faintNumber = 0.095;

/** The part in view of a matrix: colours, hatching where it is masked, and numbers where there is room. */
export function paintMatrix(
  canvas: HTMLCanvasElement,
  cells: Cells,
  view: View,
  look: CellLook,
): void {
  const context = paintView(canvas, cells, look.scale, view);
  const { across: cell, gap } = cells;
  const seen = inView(cells, view);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = look.font;
  const hatching = hatchingOf(context, look);
  for (let row = seen.rows[0]; row < seen.rows[1]; row++) {
    for (let column = seen.columns[0]; column < seen.columns[1]; column++) {
      const [x, y] = [column * cell, row * cell];
      if (look.isMasked(row, column)) {
        context.fillStyle = hatching;
        context.fillRect(x, y, cell - gap, cell - gap);
        continue;
      }
      const value = cells.value(row, column);
      if (cell < numberCell || Math.abs(value) < 0.005) continue;
      // Small weights recede; those that a reader looks for stand out.
      context.fillStyle = Math.abs(value) < faintNumber ? look.faintInk : look.scale.ink(value);
      context.fillText(cellWeight(value), x + (cell - gap) / 2, y + (cell - gap) / 2 + 0.5);
    }
  }
}

/** A whole matrix, its cells `cell` CSS pixels wide and high. */
export function paintHeatmap(
  canvas: HTMLCanvasElement,
  matrix: Matrix,
  { cell, ...look }: CellLook & { cell: number },
): void {
  const { rows, columns } = matrix;
  const value = (row: number, column: number) => at(matrix, row, column);
  const gap = cell >= 10 ? 1 : 0;
  const cells = { rows, columns, across: cell, down: cell, gap, value };
  paintMatrix(canvas, cells, { width: columns * cell, height: rows * cell, left: 0, top: 0 }, look);
}

/** Slanted lines on paper, as a fill: thousands of cells may be masked. */
function hatchingOf(
  context: CanvasRenderingContext2D,
  { paper, hatchInk }: Pick<CellLook, 'paper' | 'hatchInk'>,
): CanvasPattern {
  const tile = document.createElement('canvas');
  const ratio = window.devicePixelRatio || 1;
  const side = Math.round(hatch * ratio);
  tile.width = tile.height = side;
  const ink = tile.getContext('2d')!;
  ink.fillStyle = paper;
  ink.fillRect(0, 0, side, side);
  ink.strokeStyle = hatchInk;
  ink.lineWidth = ratio;
  ink.beginPath();
  // One line from corner to corner, and the ends of its neighbours in the other corners.
  for (const offset of [-side, 0, side]) {
    ink.moveTo(offset - 1, side + 1);
    ink.lineTo(offset + side + 1, -1);
  }
  ink.stroke();
  const pattern = context.createPattern(tile, 'repeat')!;
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}
