// The example sentences that ship with a model: what to look for, where, and which word to change. Read once, checked.

export interface Example {
  text: string;
  /** The word that belongs in [MASK]. */
  answer: string;
  /** Exchange `from` for `to` in the text and the answer changes. */
  flip: { from: string; to: string };
  layer: number;
  head: number;
  query: number;
  key: number;
  hint: { en: string; zh: string };
}

export async function loadExamples(folder: URL): Promise<Example[]> {
  const response = await fetch(new URL('examples.json', folder));
  if (!response.ok) throw new Error(`examples.json: expected status 200, got ${response.status}`);
  return (await response.json()) as Example[];
}

/** The example's text with its one word changed. */
export const flipped = (example: Example): string =>
  example.text.replace(new RegExp(`\\b${example.flip.from}\\b`), example.flip.to);
