// The whole state of the page as a URL hash, and back. Pure; tolerant: what it cannot read it leaves out.
import { parseAddress, writeAddress } from '../../lib/address.ts';
import { inkToText, textToInk } from '../../lib/ink-text.ts';
import type { Ink } from '../../lib/pen.ts';
import {
  maskNames,
  maskRuleKinds,
  noEdits,
  type Edits,
  type MaskCell,
  type MaskRule,
  type PlainIntervention,
} from './edits.ts';
import type { Choice } from './selection.svelte.ts';

export interface LinkState {
  model?: string;
  /** Of a hub's model. */
  revision?: string;
  text?: string;
  /** What a decoder has written. */
  target?: string;
  drawing?: Ink;
  /** A second text beside it, and the places of global tokens. */
  pair?: string;
  globals?: readonly number[];
  /** What is open on the map. */
  place?: string;
  /** The sentence that "before" shows, where it is another one. */
  pinned?: string;
  choice?: Choice;
  edits: Edits;
  /** Which weights are shown, where not those after the edits. */
  compare?: string;
  listing?: string;
  language?: string;
  theme?: string;
}

const ops: readonly string[] = ['zero', 'mean', 'set', 'add', 'scale'];
const selectors = ['batch', 'head', 'query', 'key', 'index'] as const;

const encodeIntervention = (i: PlainIntervention): string =>
  [
    i.at,
    ...selectors.flatMap((s) => (i[s] === undefined ? [] : [`${s}${i[s]}`])),
    i.op,
    ...(i.value === undefined ? [] : [i.value]),
  ].join('~');

function decodeIntervention(text: string): PlainIntervention | null {
  const [at, ...parts] = text.split('~');
  const opAt = parts.findIndex((part) => ops.includes(part));
  if (!at || opAt < 0) return null;
  const intervention: PlainIntervention = { at, op: parts[opAt] as PlainIntervention['op'] };
  for (const part of parts.slice(0, opAt)) {
    const match = /^([a-z]+)(\d+)$/.exec(part);
    const name = selectors.find((s) => s === match?.[1]);
    if (!match || !name) return null;
    intervention[name] = Number(match[2]);
  }
  const value = parts[opAt + 1];
  if (value !== undefined) intervention.value = Number(value);
  return Number.isNaN(intervention.value) ? null : intervention;
}

const encodeChoice = (c: Choice): string => [c.layer, c.head, c.query ?? '', c.key ?? ''].join('.');

function decodeChoice(text: string): Choice | undefined {
  const match = /^(\d+)\.(\d+)\.(\d*)\.(\d*)$/.exec(text);
  if (!match) return undefined;
  const optional = (digits: string) => (digits === '' ? null : Number(digits));
  return {
    layer: Number(match[1]),
    head: Number(match[2]),
    query: optional(match[3]!),
    key: optional(match[4]!),
  };
}

/** A cell of an only stack or a decoder as `3-4`, of an encoder as `e3-4`, of what lies between as `c3-4`. */
const maskLetters = maskNames.map((name) => (name === 'mask' ? '' : name[0]!));
const encodeCell = ({ mask, query, key }: MaskCell): string =>
  `${maskLetters[maskNames.indexOf(mask)]}${query}-${key}`;

function decodeCell(text: string): MaskCell[] {
  const match = /^([ec]?)(\d+)-(\d+)$/.exec(text);
  return match
    ? [
        {
          mask: maskNames[maskLetters.indexOf(match[1]!)]!,
          query: Number(match[2]),
          key: Number(match[3]),
        },
      ]
    : [];
}

/** A rule as `band2`, of an encoder `e-band2`. */
const encodeRule = ({ mask, kind, value }: MaskRule): string =>
  `${maskLetters[maskNames.indexOf(mask)]}-${kind}${value}`;

function decodeRule(text: string): MaskRule[] {
  const match = /^([ec]?)-([a-z]+)(\d+)$/.exec(text);
  const kind = maskRuleKinds.find((each) => each === match?.[2]);
  return match && kind
    ? [{ mask: maskNames[maskLetters.indexOf(match[1]!)]!, kind, value: Number(match[3]) }]
    : [];
}

export function encodeLink(state: LinkState): string {
  const { edits } = state;
  const fields: Record<string, string | undefined> = {
    model: state.model,
    revision: state.revision,
    text: state.text,
    target: state.target,
    pair: state.pair,
    globals: state.globals?.join('.'),
    place: state.place,
    ink: state.drawing && inkToText(state.drawing),
    before: state.pinned,
    cell: state.choice && encodeChoice(state.choice),
    causal: edits.causal === null ? undefined : edits.causal ? '1' : '0',
    temperature: edits.temperature === 1 ? undefined : String(edits.temperature),
    mask: edits.blocked.map(encodeCell).join('.') || undefined,
    rule: edits.rules.map(encodeRule).join('.') || undefined,
    edit: edits.interventions.map(encodeIntervention).join(',') || undefined,
    show: state.compare,
    listing: state.listing,
    lang: state.language,
    theme: state.theme,
  };
  return writeAddress('lab', [], fields);
}

export function decodeLink(hash: string): LinkState {
  const fields = parseAddress(hash)?.fields;
  const field = (name: string) => fields?.get(name) ?? undefined;
  const causal = field('causal');
  const temperature = Number(field('temperature'));
  const blocked = (field('mask') ?? '').split('.').flatMap(decodeCell);
  const interventions = (field('edit') ?? '')
    .split(',')
    .flatMap((text) => decodeIntervention(text) ?? []);
  return {
    model: field('model'),
    revision: field('revision'),
    text: field('text'),
    target: field('target'),
    pair: field('pair'),
    globals: field('globals')
      ?.split('.')
      .map(Number)
      .filter((place) => Number.isInteger(place) && place >= 0),
    place: field('place'),
    drawing: textToInk(field('ink') ?? '') ?? undefined,
    pinned: field('before'),
    choice: decodeChoice(field('cell') ?? ''),
    edits: {
      ...noEdits,
      causal: causal === undefined ? null : causal === '1',
      temperature: temperature >= 0.05 && temperature <= 20 ? temperature : 1,
      blocked,
      rules: (field('rule') ?? '').split('.').flatMap(decodeRule),
      interventions,
    },
    compare: field('show'),
    listing: field('listing'),
    language: field('lang'),
    theme: field('theme'),
  };
}
