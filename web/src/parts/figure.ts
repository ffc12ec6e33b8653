// Where everything of an attention figure stands: storeys of tokens, arcs between them, an answer on top. Pure; the component
// draws it on screen, and the picture to post is drawn from the same places.

export interface FigureToken {
  text: string;
  /** A word that is asked for: it stands out. */
  asked?: boolean;
}

/** Tokens at one depth of the model. The first storey is the input. */
export interface Storey {
  label: string;
  tokens: readonly FigureToken[];
}

export interface Arc {
  /** The storey of the token that reads; the one it reads stands a storey below. */
  storey: number;
  query: number;
  key: number;
  /** 0 to 1: how thick it is. */
  size: number;
  /** Says the number beside it, such as “96%”. */
  label?: string;
  /** Which of two things that are compared it belongs to. */
  tone?: 'first' | 'second';
  /** It carries nothing: blocked, or its head is off. */
  cut?: boolean;
}

export interface Figure {
  storeys: readonly Storey[];
  arcs: readonly Arc[];
  /** What comes out above a token of the last storey. */
  answer: { at: number; word: string; share: string } | null;
}

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  /** Words run down the page, storeys to the right: where a line is too short for them. */
  vertical: boolean;
  fontSize: number;
  /** Which tokens of a storey are written out; the others are dots. */
  isWritten: (storey: number, index: number) => boolean;
  /** The middle of a token. */
  at: (storey: number, index: number) => Point;
  /** How wide a token is. */
  widthOf: (storey: number, index: number) => number;
  labels: readonly (Point & { text: string })[];
  answer: Point | null;
}

const gap = 9;

/** `measure` says how wide a text is in pixels at a font size. */
export function layoutOf(
  figure: Figure,
  width: number,
  height: number,
  measure: (text: string, size: number) => number,
): Layout {
  const { storeys, arcs, answer } = figure;
  const top = storeys.length - 1;
  const written = new Set(
    arcs.flatMap(({ storey, query, key }) => [`${storey} ${query}`, `${storey - 1} ${key}`]),
  );
  if (answer) written.add(`${top} ${answer.at}`);
  const isWritten = (storey: number, index: number) =>
    storey === 0 || storeys[storey]!.tokens !== storeys[0]!.tokens
      ? true
      : written.has(`${storey} ${index}`);
  const line = (size: number) =>
    Math.max(
      ...storeys.map(({ tokens }) =>
        tokens.reduce((sum, { text }) => sum + measure(text, size) + gap, 0),
      ),
    );
  const fontSize = [17, 16, 15, 14].find((size) => line(size) <= width - 8);
  return fontSize === undefined
    ? down(figure, width, height, measure, isWritten)
    : across(figure, width, height, fontSize, measure, isWritten);
}

function across(
  { storeys, answer }: Figure,
  width: number,
  height: number,
  fontSize: number,
  measure: (text: string, size: number) => number,
  isWritten: Layout['isWritten'],
): Layout {
  const widths = storeys.map(({ tokens }) => tokens.map(({ text }) => measure(text, fontSize)));
  const columns = storeys.map(({ tokens }, s) => {
    const sum = widths[s]!.reduce((total, w) => total + w, 0);
    const space = Math.min(26, (width - 8 - sum) / Math.max(1, tokens.length));
    let x = (width - sum - space * tokens.length) / 2;
    return widths[s]!.map((w) => {
      const centre = x + space / 2 + w / 2;
      x += w + space;
      return centre;
    });
  });
  const [first, last] = [height - 14, answer ? 62 : 40];
  const y = (storey: number) =>
    storeys.length === 1 ? first : first - ((first - last) * storey) / (storeys.length - 1);
  return {
    width,
    height,
    vertical: false,
    fontSize,
    isWritten,
    at: (storey, index) => ({ x: columns[storey]![index]!, y: y(storey) }),
    widthOf: (storey, index) => widths[storey]![index]!,
    labels: storeys.map(({ label }, storey) => ({ text: label, x: 0, y: y(storey) - 24 })),
    answer: answer && {
      x: within(
        columns.at(-1)![answer.at]!,
        measure(`${answer.word} ${answer.share}`, 23) / 2,
        width,
      ),
      y: 16,
    },
  };
}

/** So far from both ends of a line that half of what stands there fits. */
const within = (x: number, half: number, width: number): number =>
  Math.max(half, Math.min(x, width - half));

function down(
  { storeys, answer }: Figure,
  width: number,
  height: number,
  measure: (text: string, size: number) => number,
  isWritten: Layout['isWritten'],
): Layout {
  const head = 20;
  const longest = Math.max(...storeys.map(({ tokens }) => tokens.length));
  const fontSize = Math.max(11, Math.min(14, (height - head) / longest - 3));
  const widths = storeys.map(({ tokens }) => tokens.map(({ text }) => measure(text, fontSize)));
  const left = Math.max(...widths[0]!) / 2 + 4;
  const right = Math.max(answer ? 46 : 0, Math.max(...widths.at(-1)!) / 2 + 4);
  const x = (storey: number) =>
    storeys.length === 1 ? left : left + ((width - left - right) * storey) / (storeys.length - 1);
  const y = (storey: number, index: number) => {
    const count = storeys[storey]!.tokens.length;
    return head + ((height - head) * (index + 0.5)) / Math.max(count, 1);
  };
  return {
    width,
    height,
    vertical: true,
    fontSize,
    isWritten,
    at: (storey, index) => ({ x: x(storey), y: y(storey, index) }),
    widthOf: (storey, index) => widths[storey]![index]!,
    labels: storeys.map(({ label }, storey) => ({
      text: label,
      x: Math.min(Math.max(x(storey), measure(label, 11) / 2), width - measure(label, 11) / 2),
      y: 9,
    })),
    answer: answer && {
      x: x(storeys.length - 1),
      y: Math.max(head + 12, y(storeys.length - 1, answer.at) - 34),
    },
  };
}

/** The ends of an arc: it leaves the token that reads and ends at the one that is read. */
export function endsOf(layout: Layout, { storey, query, key }: Arc): [Point, Point] {
  const [from, to] = [layout.at(storey, query), layout.at(storey - 1, key)];
  if (layout.vertical)
    return [
      { x: from.x - layout.widthOf(storey, query) / 2 - 4, y: from.y },
      { x: to.x + layout.widthOf(storey - 1, key) / 2 + 4, y: to.y },
    ];
  return [
    { x: from.x, y: from.y + 11 },
    { x: to.x, y: to.y - 13 },
  ];
}

/** A curve between two points: it leaves and arrives along the model's depth. */
export function curve([from, to]: readonly [Point, Point], vertical: boolean): string {
  const middle = vertical ? (from.x + to.x) / 2 : (from.y + to.y) / 2;
  return vertical
    ? `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`
    : `M${from.x} ${from.y}C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y}`;
}

/** A point of that curve: 0 at its beginning, 1 at its end. */
export function pointOf([from, to]: readonly [Point, Point], vertical: boolean, t: number): Point {
  const near = (1 - t) ** 2 * (1 + 2 * t); // of a cubic Bézier curve, the two control points of each end together
  const across = (a: number, b: number) => a * near + b * (1 - near);
  const along = (a: number, b: number) =>
    a * (1 - t) ** 3 + ((a + b) / 2) * 3 * t * (1 - t) + b * t ** 3;
  return vertical
    ? { x: along(from.x, to.x), y: across(from.y, to.y) }
    : { x: across(from.x, to.x), y: along(from.y, to.y) };
}

/**
 * How far along its arc a label stands, so that those of arcs which fan out do not lie on each other: near what is read, unless
 * another token reads it, too; of two arcs between the same tokens the second stands further back.
 */
export function labelAt(arcs: readonly Arc[], arc: Arc): number {
  const of = arcs.filter(({ storey }) => storey === arc.storey);
  if (of.some(({ query, key }) => query !== arc.query && key === arc.key)) return 0.5;
  const fans = of.filter(({ query }) => query === arc.query);
  if (fans.length < 2) return 0.5;
  return fans.filter(({ key }) => key === arc.key).indexOf(arc) > 0 ? 0.45 : 0.8;
}

/** Pixels: an arc that carries little can still be seen. */
export const strokeOf = ({ size }: Pick<Arc, 'size'>, vertical: boolean): number =>
  (vertical ? 1.5 : 2) + (vertical ? 5 : 8) * Math.min(1, Math.max(0, size));
