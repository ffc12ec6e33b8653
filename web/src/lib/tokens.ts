// Tokens as a reader knows them. Pure.

/** Without the marks that tokenizers put on pieces and word beginnings. */
export const textOfToken = (token: string): string => token.replace(/^(##|▁|Ġ)(?=.)/, '');
