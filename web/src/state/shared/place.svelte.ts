// Which part of the page is open, as its address says. The training part is loaded only when it is opened: it leaves its own address here.

export type Section = 'explore' | 'train';

/** A link to an element of the page, such as #sentence, names no section. */
function sectionOf(hash: string): Section | null {
  if (/^#train(=|&|$)/.test(hash)) return 'train';
  return hash === '' || hash === '#explore' || hash.includes('=') ? 'explore' : null;
}

const isTrainingLink = (hash: string): boolean => sectionOf(hash) === 'train' && hash.includes('=');

class Place {
  section = $state<Section>(sectionOf(location.hash) ?? 'explore');
  /** What a link to the training part holds: what the address asked for, until that part is loaded and says it itself. */
  trainingHash = $state(isTrainingLink(location.hash) ? location.hash : '#train');

  follow(hash: string): void {
    this.section = sectionOf(hash) ?? this.section;
    if (isTrainingLink(hash)) this.trainingHash = hash;
  }
}

export const place = new Place();
