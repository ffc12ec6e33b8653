// Which part of the page is open, as its address says. The training part is loaded only when it is opened: it leaves its own address here.

export type Section = 'explore' | 'train';

/** A link to an element of the page, such as #sentence, names no section. */
function sectionOf(hash: string): Section | null {
  if (/^#train(=|&|$)/.test(hash)) return 'train';
  return hash === '' || hash === '#explore' || hash.includes('=') ? 'explore' : null;
}

class Place {
  section = $state<Section>(sectionOf(location.hash) ?? 'explore');
  /** What a link to the training part holds, while that part has something to say. */
  trainingHash = $state('#train');

  follow(hash: string): void {
    this.section = sectionOf(hash) ?? this.section;
  }
}

export const place = new Place();
