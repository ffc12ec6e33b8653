// The page's colour scales: what is written on a colour can be read (WCAG 2.2, 1.4.3: a contrast of 4.5), whatever the value.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importPage } from './page-library.mjs';

const { signedScale, weightScale } = await importPage('lib/colours.ts');

const partsOf = (colour) =>
  colour.startsWith('#')
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/\d+/g).map(Number);
function luminance(colour) {
  const [red, green, blue] = partsOf(colour).map((part) =>
    part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(a, b) {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

for (const tone of ['light', 'dark']) {
  for (const [name, scale] of [
    ['weights', weightScale(tone)],
    ['signed', signedScale(tone, 0.5)],
  ]) {
    test(`${name}, ${tone}: ink and colour of every value`, () => {
      for (let i = 0; i <= 1000; ++i) {
        const value = scale.from + ((scale.to - scale.from) * i) / 1000;
        const [colour, ink] = [scale.css(value), scale.ink(value)];
        assert.ok(
          contrast(colour, ink) >= 4.5,
          `${value}: ${ink} on ${colour}, ${contrast(colour, ink)}`,
        );
      }
    });
  }
}
