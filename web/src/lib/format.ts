// Numbers as the page writes them: fixed digits, a true minus sign, no locale surprises. Pure.

const minus = (text: string) => text.replace('-', '−');

export const fixed = (value: number, digits = 2): string => {
  if (value === -Infinity) return '−∞';
  if (value === Infinity) return '∞';
  const text = value.toFixed(digits);
  return minus(Number(text) === 0 ? text.replace('-', '') : text);
};

/** A score of a head; a dash where there is none. */
export const score = (value: number): string => (Number.isNaN(value) ? '–' : fixed(value));

export const signed = (value: number, digits = 2): string => {
  const text = fixed(value, digits);
  return value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${text}` : text;
};

export const percent = (share: number, digits = 0): string => `${fixed(share * 100, digits)}%`;

/** A weight inside a cell: two digits, without the leading zero. */
export const cellWeight = (value: number): string => {
  const text = fixed(value, 2);
  return text.replace(/^(−?)0\./, '$1.');
};

export const milliseconds = (ms: number): string => (ms < 10 ? fixed(ms, 2) : fixed(ms, 0)) + ' ms';

export const bytes = (count: number): string =>
  count < 1e6 ? `${Math.round(count / 1e3)} KB` : `${fixed(count / 1e6, 1)} MB`;

/** 61 204 → "61 k", 109 482 240 → "109 M". */
export const count = (value: number): string =>
  value < 1e4
    ? String(value)
    : value < 1e6
      ? `${Math.round(value / 1e3)} k`
      : `${Math.round(value / 1e6)} M`;

/** A difference that is nothing but float rounding: "3e−8". */
export const tiny = (value: number): string => (value === 0 ? '0' : minus(value.toExponential(0)));
