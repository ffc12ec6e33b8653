// One tab per case, in which eight states are entered: an address, sound or damaged, then clicks, keys and texts at random. Whatever
// comes, the page throws nothing, answers within two seconds and shows no "undefined", "NaN" or "[object Object]".
import { chromium } from 'playwright-core';
import { findChromium } from '../lib/chromium.mjs';
import { paths } from '../lib/paths.mjs';
import { serve } from '../lib/serve.mjs';

const states = 8;
/** Milliseconds after which the page counts as frozen. */
const soon = 2000;

const texts = [
  '',
  ' ',
  'the animal did not cross the street because it was too [MASK] .',
  '[MASK] [MASK] [CLS] [SEP]',
  'x'.repeat(3000),
  'the cat '.repeat(200),
  '日本語 emoji 😀 e\u0301\u0301',
  '<img src=x onerror=alert(1)>',
  '\u0000\ud800\u202e',
  '-1',
  '1e999',
  '0',
  '3.7',
];
const models = ['coreference', 'copy', 'sort', 'reverse', 'brackets', 'dates', 'digits', 'nothing'];
const numbers = ['0', '1', '2', '-1', '99', '1e9', '0.5', '4294967296', 'x', ''];
const sites = ['attn.z', 'attn.pattern', 'attn.q', 'mlp.out', 'resid_post', 'nowhere'];

const edit = (choose) =>
  `blocks.${choose.of(numbers)}.${choose.of(sites)}~head${choose.of(numbers)}~${choose.of(['zero', 'mean', 'scale~3', 'set~1e38', 'add~x'])}`;
const cell = (choose) => `${choose.of(['', 'e', 'c'])}${choose.below(9)}-${choose.below(9)}`;

const fields = {
  model: (choose) => choose.of(models),
  text: (choose) => choose.of(texts),
  target: (choose) => choose.of(texts),
  pair: (choose) => choose.of(texts),
  globals: (choose) => [choose.of(numbers), choose.of(numbers)].join('.'),
  place: (choose) => `blocks.${choose.of(numbers)}.${choose.of(sites)}`,
  before: (choose) => choose.of(texts),
  cell: (choose) => Array.from({ length: 4 }, () => choose.of(numbers)).join('.'),
  causal: (choose) => choose.of(numbers),
  temperature: (choose) => choose.of(numbers),
  mask: (choose) => [cell(choose), cell(choose)].join('.'),
  rule: (choose) =>
    `${choose.of(['', 'e', 'c'])}-${choose.of(['band', 'pad', 'causal', 'x'])}${choose.of(numbers)}`,
  edit: (choose) => [edit(choose), edit(choose)].join(','),
  show: (choose) => choose.of(['before', 'after', 'difference', 'x']),
  listing: (choose) => choose.of(['0', 'transformer', 'bert', 'x']),
  ink: (choose) => choose.of(['99-zz', 'a', '0-0', '1.2.3']),
  lang: (choose) => choose.of(['en', 'zh', 'xx']),
  theme: (choose) => choose.of(['dark', 'light', 'pink']),
  seed: (choose) => choose.of(numbers),
  rate: (choose) => choose.of(numbers),
  layers: (choose) => choose.of(numbers),
  heads: (choose) => choose.of(numbers),
  width: (choose) => choose.of(numbers),
  off: (choose) => `blocks.${choose.of(numbers)}.attn~${choose.of(numbers)}`,
};

function addressOf(choose) {
  const room = choose.of(['learn', 'train', 'lab', 'lab', 'gallery', 'models', 'x']);
  const path = choose.chance(1, 2)
    ? `/${choose.of([...models, 'order', '1', '6', '%', 'a/b'])}`
    : '';
  const search = new URLSearchParams();
  const names = Object.keys(fields);
  for (let k = choose.below(6); k > 0; --k) {
    const name = choose.of(names);
    search.append(name, fields[name](choose));
  }
  let address = `${room}${path}?${search}`;
  while (choose.chance(1, 4)) {
    const at = choose.below(address.length + 1);
    const put = choose.of(['', '%', '&', '=', '#', '~', '\u0000', '%E0%A4', '9'.repeat(400)]);
    address = address.slice(0, at) + put + address.slice(at + choose.below(3));
  }
  return address;
}

/** In the page: acts on one of its controls, and tells which. */
function act({ which, text, key }) {
  const all = [
    ...document.querySelectorAll(
      'button:enabled, input:enabled:not([type=file]), textarea, select, summary, a[href^="#"], [tabindex="0"], canvas',
    ),
  ].filter((element) => element.checkVisibility());
  const element = all[which % all.length];
  if (element === undefined) return 'nothing to act on';
  const name = element.dataset.testid ?? element.id ?? element.tagName;
  element.focus();
  const fire = (kind, Type, init) =>
    element.dispatchEvent(new Type(kind, { bubbles: true, cancelable: true, ...init }));
  if (key !== null) {
    fire('keydown', KeyboardEvent, { key });
    fire('keyup', KeyboardEvent, { key });
    return `${name}: ${key}`;
  }
  if (element.matches('textarea, input:not([type=checkbox], [type=radio])')) {
    element.value = text;
    fire('input', Event);
    fire('change', Event);
    return `${name} = ${text.slice(0, 40)}`;
  }
  if (element.matches('select')) {
    element.selectedIndex = which % Math.max(1, element.options.length);
    fire('change', Event);
    return `${name}: choice ${element.selectedIndex}`;
  }
  const { left, top, width, height } = element.getBoundingClientRect();
  const at = {
    clientX: left + ((which % 7) / 7) * width,
    clientY: top + ((which % 5) / 5) * height,
    pointerId: 1,
    isPrimary: true,
  };
  for (const kind of ['pointerdown', 'pointermove', 'pointerup']) fire(kind, PointerEvent, at);
  element.click?.();
  return name;
}

/** In the page: two frames later, what it should never say; a text of the reader's own may. */
async function shownWrong() {
  for (let k = 0; k < 2; ++k)
    await new Promise((resolve) => {
      requestAnimationFrame(resolve);
    });
  const said = document.body.innerText;
  return (
    /\bundefined\b|\[object \w+\]|(?<![“"'\w])NaN(?![”"'\w ])/.exec(said)?.[0] ??
    (said.trim() === '' ? 'an empty page' : null)
  );
}

const keys = ['Enter', ' ', 'Escape', 'ArrowRight', 'ArrowDown', 'Home', 'End', 'Delete', 'z', '?'];

export async function open() {
  const server = await serve(paths.page);
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'],
  });

  async function tab(use) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error?.stack ?? error)));
    page.on('crash', () => errors.push('the tab crashed'));
    page.on('dialog', (dialog) => dialog.dismiss());
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', ({ blockedURI, violatedDirective }) => {
        throw new Error(`${violatedDirective}: ${blockedURI}`);
      });
    });
    try {
      return await use(page, errors);
    } finally {
      await context.close();
    }
  }

  /** Rejects where the page does not answer. */
  const answered = (promise, done) => {
    let timer;
    return Promise.race([
      promise,
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${soon} ms`)), soon);
      }),
    ])
      .catch((error) => {
        throw new Error(`${error.message}\nafter ${done.join('\n      ')}`, { cause: error });
      })
      .finally(() => clearTimeout(timer));
  };

  const good = () =>
    tab(async (page, errors) => {
      await page.goto(`${server.url}#lab`);
      await page.getByTestId('prediction-row').first().waitFor({ timeout: 15_000 });
      const said = await page.getByTestId('prediction-row').allInnerTexts();
      return errors.length > 0 ? errors.join('\n') : said.join('\n');
    });
  const expected = await good();

  return {
    /** Milliseconds of a case: each of its states has its own limit. */
    soon: 18_000,
    /** Cases between two checks whether a sound page is still as it was. */
    between: 10,
    run: (choose) =>
      tab(async (page, errors) => {
        const done = [];
        await page.goto(`${server.url}#${addressOf(choose)}`);
        for (let state = 0; state < states; ++state) {
          if (state > 0 && choose.chance(1, 2)) {
            const address = addressOf(choose);
            done.push(`#${address}`);
            await answered(
              page.evaluate((hash) => void (location.hash = hash), address),
              done,
            );
          }
          for (let actions = choose.below(4); actions > 0; --actions) {
            const action = {
              which: choose.below(10_000),
              text: choose.of(texts),
              key: choose.chance(1, 3) ? choose.of(keys) : null,
            };
            done.push(await answered(page.evaluate(act, action), done));
          }
          const wrong = await answered(page.evaluate(shownWrong), done);
          if (errors.length > 0 || wrong !== null)
            return `${[...errors, wrong ?? ''].join('\n')}\nat ${page.url().slice(0, 300)}\nafter ${done.join('\n      ')}`;
        }
      }),
    async check() {
      const said = await good();
      return said === expected ? undefined : `a sound page says\n${said}\nnot\n${expected}`;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
