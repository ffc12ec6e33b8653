// The models that ship with this page, by the names of their folders. Pure.

/** What the page opens with. */
export const shippedModel = 'coreference';

/** As the training part's lessons are called, which made them. */
export const pageModels: readonly string[] = [
  shippedModel,
  'dates',
  'digits',
  'copy',
  'sort',
  'reverse',
  'brackets',
];

export const isPageModel = (name: string): boolean => pageModels.includes(name);

/** The id of a hub's model has a slash, the name of a folder has none. */
export const isHubModel = (name: string): boolean => name.includes('/');

export const folderOf = (name: string): URL => new URL(`models/${name}/`, document.baseURI);
