// The heatmap of one head as a standalone SVG, and that SVG as a PNG. No page, no styles: it must stand in a paper.
import { signedScale, weightScale, type Tone } from './colours.ts';
import { cellWeight } from './format.ts';
import { at, type Matrix } from './pattern.ts';

export interface Figure {
  matrix: Matrix;
  rows: readonly string[];
  columns: readonly string[];
  /** The selected row, drawn with a frame. */
  row: number | null;
  tone: Tone;
  isSigned: boolean;
  isMasked: (row: number, column: number) => boolean;
  title: string;
  axes: string;
}

const cell = 30;
const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function figure({
  matrix,
  rows,
  columns,
  row: selected,
  tone,
  isSigned,
  isMasked,
  title,
  axes,
}: Figure): string {
  const limit = isSigned ? 0.5 : 1;
  const scale = isSigned ? signedScale(tone, limit) : weightScale(tone);
  const [paper, ink, quiet] =
    tone === 'light' ? ['#ffffff', '#14171c', '#616978'] : ['#101317', '#e8eaee', '#959daa'];
  const longest = (labels: readonly string[]) => Math.max(...labels.map((label) => label.length));
  const left = 18 + longest(rows) * 8;
  const top = 50 + longest(columns) * 6;
  const [across, down] = [columns.length * cell, rows.length * cell];
  const legendWidth = 160;
  const [width, height] = [left + Math.max(across, legendWidth) + 40, top + down + 56];
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, extra = '') =>
    parts.push(`<text x="${x}" y="${y}" ${extra}>${escape(content)}</text>`);

  text(12, 22, title, `font-size="15" font-weight="600" fill="${ink}"`);
  text(12, 39, axes, `font-size="12" fill="${quiet}"`);
  rows.forEach((label, i) =>
    text(left - 8, top + (i + 0.5) * cell + 4, label, `text-anchor="end" fill="${ink}"`),
  );
  columns.forEach((label, i) => {
    const [x, y] = [left + (i + 0.5) * cell + 4, top - 8];
    text(x, y, label, `transform="rotate(-48 ${x} ${y})" fill="${ink}"`);
  });
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      const value = at(matrix, row, column);
      const [x, y] = [left + column * cell, top + row * cell];
      const masked = isMasked(row, column);
      parts.push(
        `<rect x="${x}" y="${y}" width="${cell - 1}" height="${cell - 1}" fill="${masked ? 'url(#masked)' : scale.css(value)}"/>`,
      );
      if (!masked && Math.abs(value) >= 0.005) {
        text(
          x + cell / 2,
          y + cell / 2 + 4,
          cellWeight(value),
          `text-anchor="middle" font-size="11" fill="${scale.ink(value)}"`,
        );
      }
    }
  }
  if (selected !== null) {
    parts.push(
      `<rect x="${left - 1}" y="${top + selected * cell - 1}" width="${across + 1}" height="${cell + 1}" fill="none" stroke="${ink}"/>`,
    );
  }
  const ticks = isSigned ? [-0.5, 0, 0.5] : [0, 0.5, 1];
  for (let i = 0; i < 32; i++) {
    const value = ticks[0]! + ((ticks.at(-1)! - ticks[0]!) * (i + 0.5)) / 32;
    parts.push(
      `<rect x="${left + (i * legendWidth) / 32}" y="${top + down + 16}" width="${legendWidth / 32 + 0.5}" height="10" fill="${scale.css(value)}"/>`,
    );
  }
  ticks.forEach((tick, i) =>
    text(
      left + (legendWidth * i) / (ticks.length - 1),
      top + down + 42,
      String(tick).replace('-', '−'),
      `text-anchor="middle" font-size="11" fill="${quiet}"`,
    ),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="13"><title>${escape(title)}</title>` +
    `<defs><pattern id="masked" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<rect width="5" height="5" fill="${paper}"/><rect width="1" height="5" fill="${quiet}"/></pattern></defs>` +
    `<rect width="${width}" height="${height}" fill="${paper}"/>${parts.join('')}</svg>`
  );
}
