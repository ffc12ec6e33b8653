// One frame of a clip: a head's attention over its input, and how far the loss and the accuracy have come. Knows no training.
import { weightScale, type Tone } from './colours.ts';
import type { Curve } from './curve.ts';
import { fullShade, paintPatches, shadeColours } from './patches.ts';
import { rowOf, type Matrix } from './pattern.ts';
import { paintCells } from './raster.ts';
import { canvasFont, inkOf } from './theme.ts';

export interface Frame {
  tone: Tone;
  title: string;
  /** The head's name, and where training is. */
  caption: string;
  matrix: Matrix;
  rows: readonly string[];
  columns: readonly string[];
  /** Cells to frame. */
  targets: readonly { query: number; keys: readonly number[] }[];
  /** In place of rows and columns: a drawing, shaded by the weights of its class token on its patches. */
  drawing: ImageData | null;
  charts: readonly { label: string; value: string; curve: Curve; top: number | null }[];
  step: number;
  end: number;
}

export const frameSize = { width: 1280, height: 720 };
const [margin, headline] = [48, 104];
/** Of the attention, at the left. */
const side = 560;
const chart = { left: 760, width: 470, height: 220 };

export function paintFrame(canvas: HTMLCanvasElement, frame: Frame): void {
  canvas.width = frameSize.width;
  canvas.height = frameSize.height;
  const context = canvas.getContext('2d')!;
  const ink = (token: string) => inkOf(frame.tone, token);
  context.fillStyle = ink('--paper');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = ink('--ink');
  context.font = `650 ${canvasFont(30)}`;
  context.fillText(frame.title, margin, 52);
  context.font = canvasFont(20);
  context.fillStyle = ink('--ink-2');
  context.fillText(frame.caption, margin, 82);
  if (frame.drawing) paintDrawing(context, frame);
  else paintPattern(context, frame, ink);
  frame.charts.forEach((_, i) => paintChart(context, frame, i, ink));
  context.font = canvasFont(16);
  context.textAlign = 'right';
  context.fillStyle = ink('--ink-3');
  context.fillText('Attention Lab', canvas.width - margin, canvas.height - 24);
  context.textAlign = 'left';
}

/** Painted apart, for it has a size of its own, then laid into the frame. */
const layer = document.createElement('canvas');

function paintPattern(
  context: CanvasRenderingContext2D,
  { tone, matrix, rows, columns, targets }: Frame,
  ink: (token: string) => string,
): void {
  const letters = Math.min(11, Math.max(1, ...rows.map(({ length }) => length)));
  const [left, top] = [margin + letters * 11 + 12, headline + (letters > 2 ? 70 : 24)];
  const cell = Math.floor(
    Math.min((margin + side - left) / matrix.columns, (headline + side - top) / matrix.rows),
  );
  const [across, down] = [cell * matrix.columns, cell * matrix.rows];
  paintCells(layer, matrix, weightScale(tone), { width: across, height: down, gap: 1 });
  context.drawImage(layer, left, top, across, down);
  context.font = canvasFont(Math.min(20, Math.max(11, cell * 0.6)));
  context.fillStyle = ink('--ink-2');
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  rows.forEach((label, i) =>
    context.fillText(label.slice(0, 11), left - 8, top + (i + 0.5) * cell),
  );
  context.textAlign = letters > 2 ? 'left' : 'center';
  columns.forEach((label, i) => {
    context.save();
    context.translate(left + (i + 0.5) * cell, top - 12);
    if (letters > 2) context.rotate(-Math.PI / 4);
    context.fillText(label.slice(0, 11), 0, 0);
    context.restore();
  });
  context.textAlign = 'left';
  context.textBaseline = 'alphabetic';
  context.strokeStyle = ink('--k');
  context.lineWidth = 2;
  for (const { query, keys } of targets)
    for (const key of keys)
      context.strokeRect(left + key * cell + 1, top + query * cell + 1, cell - 3, cell - 3);
}

function paintDrawing(context: CanvasRenderingContext2D, { drawing, matrix }: Frame): void {
  const weights = Array.from(rowOf(matrix, 0)).slice(1);
  const perSide = Math.round(Math.sqrt(weights.length));
  const full = fullShade(weights);
  const shades = weights.map((weight) => ({
    colour: shadeColours.weight,
    share: weight / full,
  }));
  paintPatches(layer, drawing!, [perSide, perSide], shades, { side, chosen: -1 });
  context.drawImage(layer, margin, headline, side, side);
}

function paintChart(
  context: CanvasRenderingContext2D,
  { charts, step, end }: Frame,
  place: number,
  ink: (token: string) => string,
): void {
  const { label, value, curve, top } = charts[place]!;
  const y = headline + place * (chart.height + 90);
  context.fillStyle = ink('--ink');
  context.font = `650 ${canvasFont(22)}`;
  context.fillText(`${label}  ${value}`, chart.left, y + 20);
  const bottom = y + 40 + chart.height;
  context.strokeStyle = ink('--rule-strong');
  context.lineWidth = 1;
  context.strokeRect(chart.left + 0.5, y + 40.5, chart.width, chart.height);
  const most = top ?? Math.max(0.1, ...curve.values) * 1.05;
  context.strokeStyle = ink('--accent');
  context.lineWidth = 3;
  context.beginPath();
  curve.steps.forEach((at, i) => {
    if (at > step) return;
    const [px, py] = [
      chart.left + (at / end) * chart.width,
      bottom - (Math.min(most, curve.values[i]!) / most) * chart.height,
    ];
    if (i === 0) context.moveTo(px, py);
    else context.lineTo(px, py);
  });
  context.stroke();
}
