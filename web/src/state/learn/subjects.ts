// How a chapter's subject is opened: each kind is a script of its own, loaded with the first chapter that needs it.
import type { SubjectKind } from '../../learn/chapters/chapter.ts';
import type { Chosen, Subject } from './subject.ts';

const kinds: Readonly<Record<SubjectKind, (chosen: Chosen) => Promise<Subject>>> = {
  translation: async (chosen) => (await import('./translation.svelte.ts')).open(chosen),
  drawing: async (chosen) => (await import('./drawing.svelte.ts')).open(chosen),
  listings: async (chosen) => (await import('./listings.svelte.ts')).open(chosen),
  recurrent: async (chosen) => (await import('./recurrent.svelte.ts')).open(chosen),
};

export const openSubject = (kind: SubjectKind, chosen: Chosen): Promise<Subject> =>
  kinds[kind](chosen);
