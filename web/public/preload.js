// Asks for the model that most visits open with while the page's own scripts are on the way; not where the address names another.
(() => {
  const [head, query] = location.hash.slice(1).split('?');
  const [room, chapter] = head.split('/');
  const named = new URLSearchParams(query ?? head).get('model') ?? 'coreference';
  const isOfChapter = !chapter || ['coreference', 'order'].includes(chapter);
  if (named !== 'coreference' || room === 'train' || (room === 'learn' && !isOfChapter)) return;
  for (const file of [
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'model.safetensors',
  ]) {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'preload', as: 'fetch', crossOrigin: 'anonymous' });
    link.href = `./models/coreference/${file}`;
    document.head.append(link);
  }
})();
