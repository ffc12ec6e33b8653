// Paints the part of a grid of cells that is in view: a canvas as large as the view, however large the grid. Knows no component.
import type { Scale } from './colours.ts';

export interface View {
  /** CSS pixels. */
  width: number;
  height: number;
  left: number;
  top: number;
}

export interface Cells {
  rows: number;
  columns: number;
  /** Width and height of a cell, and the gap between cells, in CSS pixels. */
  across: number;
  down: number;
  gap: number;
  value: (row: number, column: number) => number;
}

/** Rows and columns that are at least partly in view, half-open. */
export function inView({ rows, columns, across, down }: Cells, view: View) {
  return {
    rows: [
      Math.max(0, Math.floor(view.top / down)),
      Math.min(rows, Math.ceil((view.top + view.height) / down)),
    ] as const,
    columns: [
      Math.max(0, Math.floor(view.left / across)),
      Math.min(columns, Math.ceil((view.left + view.width) / across)),
    ] as const,
  };
}

/** Sets the canvas to the view's size and fills every cell in it, edges on whole pixels of the screen. Returns its context in CSS pixels of the grid. */
export function paintView(
  canvas: HTMLCanvasElement,
  cells: Cells,
  scale: Scale,
  view: View,
): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(view.width * ratio));
  const height = Math.max(1, Math.round(view.height * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.width = `${view.width}px`;
  canvas.style.height = `${view.height}px`;
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const seen = inView(cells, view);
  const space = Math.round(cells.gap * ratio);
  const x = (column: number) => Math.round((column * cells.across - view.left) * ratio);
  const y = (row: number) => Math.round((row * cells.down - view.top) * ratio);
  for (let row = seen.rows[0]; row < seen.rows[1]; row++) {
    const first = Math.max(0, y(row));
    const last = Math.min(height, y(row + 1) - space);
    if (last <= first) continue;
    for (let column = seen.columns[0]; column < seen.columns[1]; column++) {
      const from = Math.max(0, x(column));
      const to = Math.min(width, x(column + 1) - space);
      if (to > from)
        pixels.fill(
          scale.pixel(cells.value(row, column)),
          first * width + from,
          first * width + to,
        );
    }
    for (let line = first + 1; line < last; line++)
      pixels.copyWithin(line * width, first * width, (first + 1) * width);
  }
  const context = canvas.getContext('2d')!;
  context.putImageData(image, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, -view.left * ratio, -view.top * ratio);
  return context;
}
