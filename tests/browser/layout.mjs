// What a page says and how it lies: its names and texts, English left in them, and what sticks out of it.

/** Every text and name of a control, heading or label, in the order of the page; words of the sentence and the model left out. */
export const namesOf = (page) =>
  page.evaluate(() => {
    const data =
      '[data-testid="token"], [data-testid="prediction-row"] th, [data-testid="examples"] option[value]:not([value=""]), tbody th, [data-testid^="causes-"] thead th span, svg text, textarea, body [lang]';
    const own = (element) =>
      [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.textContent)
        .join(' ')
        .replace(/\s+/g, ' ')
        .trim();
    return [
      ...document.querySelectorAll(
        'h1, h2, h3, label, legend, summary, button, option, caption, th, p, span, dt, dd, a, output, [aria-label], [title]',
      ),
    ]
      .filter((element) => !element.closest(data))
      .flatMap((element) => [
        own(element),
        element.getAttribute('aria-label') ?? '',
        element.getAttribute('title') ?? '',
      ]);
  });

/** English words that stay: names, formats, symbols of formulas, and what the reader typed. */
const stays =
  /Attention Lab|Hugging ?Face|WebAssembly|SIMD|relaxed|BERT|JavaScript|PNG|SVG|CSV|JSON|softmax|logits?|Esc|Ctrl|coreference|tokenizer|safetensors|config|model|Softmax|Vaswani|LayerNorm|Linear|MLP|SA|Transformer|KB|MB|ms|EN/gi;

/** What is left of a name when names and words of the sentence are taken away. */
export const english = (name, words) =>
  name
    .replace(/[“"][^”"]*[”"]/g, ' ')
    .replace(/\[\w+\]/g, ' ')
    .replace(stays, ' ')
    .split(/[^A-Za-z]+/)
    .filter((word) => word.length > 2 && !words.includes(word));

export const sideways = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const out = [...document.querySelectorAll('body *')].filter((element) => {
      const box = element.getBoundingClientRect();
      if (box.right <= clientWidth + 1 || box.width === 0) return false;
      for (let up = element.parentElement; up; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== 'visible') return false;
      return true;
    });
    return {
      over: scrollWidth - clientWidth,
      out: out
        .slice(0, 5)
        .map(
          (element) => `${element.tagName}.${element.className} ${element.dataset.testid ?? ''}`,
        ),
    };
  });
