// The browser's language, where Intl takes it. WebKitGTK under the locale C says "C": uPlot, which formats numbers for
// navigator.language as it loads, would fail there, and the whole part of the page with it.
export function ensureKnownLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
  }
}
