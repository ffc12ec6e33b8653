// A link whose model is not here: it waits until the reader opens that model, from the hub or from a folder. Knows no view.
import type { LinkState } from './link.ts';

class Linked {
  waiting = $state.raw<(LinkState & { model: string }) | null>(null);
}

export const linked = new Linked();
