// The page's Content-Security-Policy: in a <meta> of its own, and as a header of the server that tests it.

export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co", // a hub's models, once asked for
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
