// The page's Content-Security-Policy: in a <meta> of its own, and as a header of the server that tests it.

export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  // A hub's models, once asked for; and blobs, by which a worker sees that its call is aborted.
  "connect-src 'self' blob: https://huggingface.co https://*.huggingface.co https://*.hf.co",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
