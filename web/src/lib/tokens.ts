// Tokens as a reader knows them. Pure.

/** Without the marks that tokenizers put on pieces and word beginnings; a space of its own can be seen. */
export function textOfToken(token: string): string {
  const text = token.replace(/^(##|▁|Ġ)(?=.)/, '');
  return /^\s+$/.test(text) ? '␣' : text;
}

/** The same of what a tokenizer decodes one id as; its number where that is nothing. */
export const textOfId = (id: number, decoded: string): string =>
  textOfToken(decoded.trim() || decoded) || `#${id}`;

/** The word that stands for one to be guessed. */
export const isMask = (text: string): boolean => text === '[MASK]' || text === '<mask>';
