// Language and theme: the reader's choice, else the system's. The only module that touches <html>.
import { en } from '../../strings/en/shared.ts';
import { zh } from '../../strings/zh/shared.ts';
import type { SharedStrings } from '../../strings/en/shared.ts';
import type { Tone } from '../../lib/colours.ts';

export type Language = 'en' | 'zh';
export type Theme = 'system' | Tone;

const dictionaries: Record<Language, SharedStrings> = { en, zh };
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const isLanguage = (value: unknown): value is Language => value === 'en' || value === 'zh';
const isTheme = (value: unknown): value is Theme =>
  value === 'system' || value === 'light' || value === 'dark';

function remembered(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // storage is switched off
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is switched off: the choice lasts for this visit
  }
}

class Settings {
  language = $state<Language>('en');
  theme = $state<Theme>('system');
  #systemTone = $state<Tone>(systemDark.matches ? 'dark' : 'light');

  readonly tone: Tone = $derived(this.theme === 'system' ? this.#systemTone : this.theme);
  readonly strings: SharedStrings = $derived(dictionaries[this.language]);

  constructor() {
    const language = remembered('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
    const theme = remembered('theme');
    if (isLanguage(language)) this.language = language;
    if (isTheme(theme)) this.theme = theme;
    systemDark.addEventListener(
      'change',
      (event) => (this.#systemTone = event.matches ? 'dark' : 'light'),
    );
  }

  /** From a link: followed for this visit, not remembered. */
  follow(language: string | undefined, theme: string | undefined): void {
    if (isLanguage(language)) this.language = language;
    if (isTheme(theme)) this.theme = theme;
  }

  setLanguage(language: Language): void {
    this.language = language;
    remember('language', language);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    remember('theme', theme);
  }

  /** To be called inside an effect. */
  apply(): void {
    document.documentElement.lang = this.language === 'zh' ? 'zh-Hans' : 'en';
    document.documentElement.dataset.theme = this.tone;
    document.title = this.strings.title;
  }
}

export const settings = new Settings();
