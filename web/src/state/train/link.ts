// What a link to the training part holds: lesson, seed, shape, learning rate, heads that are off, a text. Pure; what it cannot read it leaves out.
import { parseAddress, writeAddress } from '../../lib/address.ts';
import type { HeadName } from '../shared/attention.ts';
import type { Setup } from './protocol.ts';
import { headChoices, layerChoices, widthChoices } from './shape.ts';

export interface TrainingLink {
  setup: Partial<Setup>;
  start?: 'shipped';
  off: readonly HeadName[];
  text?: string;
  language?: string;
  theme?: string;
}

/** `own` is what the lesson has anyway: a link says only what differs. */
export function encodeTrainingLink(
  { setup, start, off, text, language, theme }: TrainingLink & { setup: Setup },
  own: Setup,
): string {
  const differing = (name: keyof Setup) =>
    setup[name] === own[name] ? undefined : String(setup[name]);
  const fields: Record<string, string | undefined> = {
    seed: String(setup.seed),
    rate: differing('learningRate'),
    layers: differing('layers'),
    heads: differing('heads'),
    width: differing('width'),
    start,
    off: offText(off) || undefined,
    text,
    lang: language,
    theme,
  };
  return writeAddress('train', [setup.lesson], fields);
}

const offText = (heads: readonly HeadName[]): string =>
  heads.map(({ site, head }) => `${site}~${head}`).join(',');

export function decodeTrainingLink(hash: string): TrainingLink {
  const address = parseAddress(hash);
  const field = (name: string) => address?.fields.get(name) || undefined;
  const setup: Partial<Setup> = {};
  const lesson = address?.path[0];
  if (lesson) setup.lesson = lesson;
  const number = (name: string, isGood: (value: number) => boolean) => {
    const value = Number(field(name) ?? NaN);
    return isGood(value) ? value : undefined;
  };
  const given = {
    seed: number('seed', isSeed),
    learningRate: number('rate', isLearningRate),
    layers: number('layers', (n) => layerChoices.includes(n)),
    heads: number('heads', (n) => headChoices.includes(n)),
    width: number('width', (n) => widthChoices.includes(n)),
  };
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) Object.assign(setup, { [name]: value });
  const off = (field('off') ?? '').split(',').flatMap((text): HeadName[] => {
    const match = /^([\w.]+)~(\d{1,2})$/.exec(text);
    return match ? [{ site: match[1]!, head: Number(match[2]) }] : [];
  });
  return {
    setup,
    // `begin` is what links said until December 2026.
    start: (field('start') ?? field('begin')) === 'shipped' ? 'shipped' : undefined,
    off,
    text: field('text'),
    language: field('lang'),
    theme: field('theme'),
  };
}

export const isSeed = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < 2 ** 32;
export const isLearningRate = (value: number): boolean => value > 0 && Number.isFinite(value);

/** The address of a lesson with its pretrained weights and these heads switched off, to train on from there. */
export const ablatedLink = (lesson: string, heads: readonly HeadName[]): string =>
  writeAddress('train', [lesson], { start: 'shipped', off: offText(heads) });
