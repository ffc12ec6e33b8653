// A card as a picture to post: question, sentence, arcs, answer, link. SVG on white paper, whatever the theme. Pure but for measuring text.
import { curve, endsOf, layoutOf, strokeOf, type Figure } from '../parts/figure.ts';

export interface Post {
  question: string;
  sentence: string;
  figure: Figure;
  line: string;
  link: string;
  brand: string;
}

/** The size that social networks show whole. */
const [width, height] = [1200, 630];
const edge = 48;
const inks = {
  paper: '#ffffff',
  ink: '#14171c',
  quiet: '#616978',
  asked: '#b4470a',
  first: '#08519c',
  second: '#8336a6',
};
const family = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans CJK SC', sans-serif";

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

let context: CanvasRenderingContext2D | null = null;
function measure(text: string, size: number): number {
  context ??= document.createElement('canvas').getContext('2d')!;
  context.font = `${size}px ${family}`;
  return context.measureText(text).width;
}

/** Words of a line until it is full. */
function wrapped(text: string, size: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\s)|(?=[\u3000-\u9fff])/)) {
    if (line && measure(line + word, size) > width - 2 * edge) {
      lines.push(line.trim());
      line = '';
    }
    line += word;
  }
  return [...lines, line.trim()].slice(0, most);
}

export function post({ question, sentence, figure, line, link, brand }: Post): string {
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, rest: string) =>
    parts.push(`<text x="${x}" y="${y}" ${rest}>${escape(content)}</text>`);
  let y = 78;
  for (const part of wrapped(question, 42, 2)) {
    text(edge, y, part, `font-size="42" font-weight="700" fill="${inks.ink}"`);
    y += 50;
  }
  text(edge, y - 8, sentence, `font-size="25" fill="${inks.ink}"`);
  const top = y + 10;
  const bottom = height - 110;
  const layout = layoutOf(figure, width - 2 * edge, bottom - top, measure);
  parts.push(`<g transform="translate(${edge} ${top})" text-anchor="middle">`);
  for (const label of layout.labels)
    text(label.x, label.y, label.text, `font-size="14" text-anchor="start" fill="${inks.quiet}"`);
  for (const arc of figure.arcs) {
    const ink = arc.cut ? inks.quiet : inks[arc.tone ?? 'first'];
    parts.push(
      `<path d="${curve(endsOf(layout, arc), layout.vertical)}" fill="none" stroke-linecap="round" stroke="${ink}" ` +
        `stroke-width="${arc.cut ? 2 : strokeOf(arc, layout.vertical)}"${arc.cut ? ' stroke-dasharray="3 7"' : ' opacity="0.85"'}/>`,
    );
  }
  figure.storeys.forEach(({ tokens }, storey) =>
    tokens.forEach((token, index) => {
      const { x, y: at } = layout.at(storey, index);
      if (layout.isWritten(storey, index))
        text(
          x,
          at + layout.fontSize * 0.35,
          token.text,
          `font-size="${layout.fontSize}" ${token.asked ? `font-weight="700" fill="${inks.asked}"` : `fill="${inks.ink}"`}`,
        );
      else parts.push(`<circle cx="${x}" cy="${at}" r="1.7" fill="${inks.quiet}"/>`);
    }),
  );
  if (figure.answer && layout.answer) {
    const { word, share } = figure.answer;
    text(
      layout.answer.x,
      layout.answer.y + 8,
      `${word} ${share}`,
      `font-size="24" font-weight="700" fill="${inks.asked}"`,
    );
  }
  parts.push('</g>');
  wrapped(line, 19, 2).forEach((part, i) =>
    text(edge, bottom + 30 + 25 * i, part, `font-size="19" fill="${inks.ink}"`),
  );
  text(edge, height - 22, `${brand} · ${link}`, `font-size="17" fill="${inks.quiet}"`);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${family.replaceAll('"', "'")}">` +
    `<title>${escape(question)}</title><rect width="${width}" height="${height}" fill="${inks.paper}"/>${parts.join('')}</svg>`
  );
}
