// Every word of the gallery in English, loaded with it. The type of this object is what every other language must fill.

export const en = {
  heading: 'Models',
  intro:
    'Open a real model in the Lab. It is downloaded once from Hugging Face, kept in this browser, and then works offline. Your text never leaves this page.',
  close: 'Close',
  shipped: 'On this page',
  shippedNote: 'Small models, trained in this page’s lessons. Nothing to download.',
  hub: 'From Hugging Face',
  own: 'Your own',
  shape: (layers: number, heads: number) => `${layers} layers × ${heads} heads`,
  kept: (bytes: string) => `kept in this browser, ${bytes}`,
  partial: (bytes: string) => `${bytes} already here`,
  licence: (name: string) => `licence ${name}`,
  download: (bytes: string) => `Download and open (${bytes})`,
  resume: 'Resume the download',
  open: 'Open',
  cancel: 'Cancel',
  delete: 'Delete',
  nameOf: (action: string, model: string) => `${action}: ${model}`,
  progress: (file: string, loaded: string, total: string) => `${file}: ${loaded} of ${total}`,
  starting: 'Connecting…',
  others: 'Other models kept in this browser',
  failed: (model: string) => `${model} could not be opened.`,
  network:
    'The network or huggingface.co could not be reached. Check the connection and try again: what has arrived is kept. Some schools and companies block the site.',
  missing: 'The hub does not have this model, or it is private.',
  unsupported: 'This page cannot read this kind of model yet.',
  memory: 'There is not enough memory for it. Close other tabs, or choose a smaller model.',
  other: 'Try again. If it fails once more, delete it here and download it anew.',
  details: 'Details',
  folder: 'Choose a folder…',
  folderHint:
    'A folder in Hugging Face’s layout (config.json, model.safetensors, tokenizer.json), or a model of the hub by its id. Files stay on this computer.',
  id: 'A model’s id on Hugging Face',
  idHint: 'The owner and the name, as in distilbert/distilgpt2.',
  openId: 'Download and open',
};

export type GalleryStrings = typeof en;
