// The vectors of one place as CSV and as JSON. Pure.
import type { Matrix } from './pattern.ts';

export interface ExportedVectors {
  /** As the record calls them: `blocks.0.attn.q`. */
  name: string;
  /** From 0; null: they are of no head. */
  head: number | null;
  tokens: readonly string[];
  matrix: Matrix;
}

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** One row a token: its place from 0, its text, its numbers. */
export function vectorsToCsv({ tokens, matrix: { rows, columns, data } }: ExportedVectors): string {
  const header = ['token', 'text', ...Array.from({ length: columns }, (_, i) => String(i))];
  const lines = Array.from({ length: rows }, (_, row) =>
    [row, quoted(tokens[row] ?? ''), ...data.subarray(row * columns, (row + 1) * columns)].join(
      ',',
    ),
  );
  return [header.join(','), ...lines].join('\n') + '\n';
}

export function vectorsToJson({ name, head, tokens, matrix }: ExportedVectors): string {
  const { rows, columns, data } = matrix;
  return JSON.stringify({
    name,
    ...(head !== null && { head }),
    tokens,
    dims: [rows, columns],
    data: Array.from(data),
  });
}
