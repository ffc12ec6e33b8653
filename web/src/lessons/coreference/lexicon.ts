// The words of the generated sentences: nouns by class, frames (verbs with their reasons), fillers. Data only.

/** The class says which place in a frame a noun may take. */
export type NounClass =
  | 'animal'
  | 'person'
  | 'way'
  | 'height'
  | 'thing'
  | 'hard'
  | 'text'
  | 'container'
  | 'cover'
  | 'covered'
  | 'food'
  | 'breakable';

/** Singular → plural. null: the plural is not used. */
export const nouns: Readonly<Record<NounClass, Readonly<Record<string, string | null>>>> = {
  animal: {
    animal: 'animals',
    dog: 'dogs',
    cat: 'cats',
    horse: 'horses',
    cow: null,
    fox: null,
    mouse: 'mice',
    rabbit: null,
    tiger: null,
    wolf: 'wolves',
    bird: 'birds',
    turtle: null,
    sheep: null,
    monkey: null,
    bear: null,
  },
  person: {
    man: 'men',
    woman: 'women',
    boy: 'boys',
    girl: 'girls',
    child: 'children',
    king: null,
    queen: null,
    doctor: 'doctors',
    teacher: 'teachers',
    farmer: null,
    student: 'students',
    player: null,
  },
  way: {
    street: 'streets',
    road: 'roads',
    river: 'rivers',
    bridge: null,
    field: 'fields',
    lake: null,
  },
  height: {
    hill: 'hills',
    mountain: 'mountains',
    tree: 'trees',
    ladder: null,
    wall: 'walls',
    tower: null,
  },
  thing: {
    trophy: 'trophies',
    ball: 'balls',
    book: 'books',
    cup: 'cups',
    toy: 'toys',
    key: 'keys',
    letter: 'letters',
    hat: 'hats',
    lamp: null,
    stone: 'stones',
    coat: null,
    piano: null,
    picture: 'pictures',
    computer: null,
    statue: null,
    chair: 'chairs',
    bottle: 'bottles',
  },
  hard: {
    ball: 'balls',
    stone: 'stones',
    bottle: 'bottles',
    hammer: null,
    statue: null,
    chair: 'chairs',
  },
  text: {
    book: 'books',
    letter: 'letters',
  },
  container: {
    suitcase: 'suitcases',
    box: 'boxes',
    bag: 'bags',
    drawer: null,
    basket: null,
    chest: null,
    cabinet: 'cabinets',
    car: 'cars',
    room: 'rooms',
  },
  cover: {
    blanket: null,
    cloth: null,
    sheet: null,
    carpet: null,
    curtain: null,
  },
  covered: {
    bed: null,
    table: 'tables',
    sofa: null,
    floor: null,
    window: 'windows',
  },
  food: {
    cheese: null,
    apple: 'apples',
    cake: 'cakes',
    bread: null,
    fish: null,
    soup: null,
    meat: null,
    carrot: null,
  },
  breakable: {
    window: 'windows',
    glass: null,
    plate: 'plates',
    mirror: null,
    vase: null,
    door: 'doors',
  },
};

export const places: readonly string[] = [
  'house',
  'garden',
  'village',
  'city',
  'park',
  'forest',
  'kitchen',
  'school',
  'shop',
  'station',
];
export const names: Readonly<Record<string, 'he' | 'she'>> = {
  anna: 'she',
  ben: 'he',
  carl: 'he',
  emma: 'she',
  jane: 'she',
  john: 'he',
  lucy: 'she',
  mary: 'she',
  max: 'he',
  paul: 'he',
  susan: 'she',
  tom: 'he',
};
export const genders: Readonly<Record<string, 'he' | 'she'>> = {
  man: 'he',
  boy: 'he',
  king: 'he',
  woman: 'she',
  girl: 'she',
  queen: 'she',
};

const couldNot = ['could not', "couldn ' t", 'can not', "can ' t"];
const didNot = ['did not', "didn ' t", 'would not', 'could not', "couldn ' t", 'does not'];
const plainly = [''];
const alive: readonly NounClass[] = ['animal', 'person'];

/**
 * The adjectives of `ofSubject` can only be the reason if the subject has them, those of `ofObject` only if the object has. The same
 * adjective stands on both sides in different frames (weak, big, slow, …), so verb and adjective together name the referent.
 */
export interface Frame {
  subjects: readonly NounClass[];
  auxiliaries: readonly string[];
  verb: string;
  passive?: string;
  objects: readonly NounClass[];
  ofSubject: readonly string[];
  ofObject: readonly string[];
}

export const frames: readonly Frame[] = [
  {
    subjects: alive,
    auxiliaries: didNot,
    verb: 'cross',
    passive: 'crossed',
    objects: ['way'],
    ofSubject: ['tired', 'lazy', 'afraid', 'weak'],
    ofObject: ['wide', 'busy', 'dangerous'],
  },
  {
    subjects: alive,
    auxiliaries: didNot,
    verb: 'climb',
    passive: 'climbed',
    objects: ['height'],
    ofSubject: ['tired', 'lazy', 'weak', 'old'],
    ofObject: ['steep', 'high', 'dangerous'],
  },
  {
    subjects: ['thing'],
    auxiliaries: didNot,
    verb: 'fit in',
    objects: ['container'],
    ofSubject: ['big', 'large', 'wide', 'tall'],
    ofObject: ['small', 'narrow', 'full'],
  },
  {
    subjects: ['thing'],
    auxiliaries: didNot,
    verb: 'fit into',
    objects: ['container'],
    ofSubject: ['big', 'large', 'wide', 'tall'],
    ofObject: ['small', 'narrow', 'full'],
  },
  {
    subjects: ['container'],
    auxiliaries: couldNot,
    verb: 'hold',
    objects: ['thing'],
    ofSubject: ['small', 'narrow', 'full'],
    ofObject: ['big', 'large', 'tall'],
  },
  {
    subjects: ['cover'],
    auxiliaries: didNot,
    verb: 'cover',
    objects: ['covered'],
    ofSubject: ['small', 'short'],
    ofObject: ['big', 'large', 'wide'],
  },
  {
    subjects: alive,
    auxiliaries: couldNot,
    verb: 'lift',
    passive: 'lifted',
    objects: ['thing', 'animal', 'person'],
    ofSubject: ['weak', 'tired', 'small'],
    ofObject: ['heavy', 'big'],
  },
  {
    subjects: alive,
    auxiliaries: didNot,
    verb: 'carry',
    passive: 'carried',
    objects: ['thing', 'animal', 'person'],
    ofSubject: ['weak', 'tired', 'small'],
    ofObject: ['heavy', 'big'],
  },
  {
    subjects: alive,
    auxiliaries: didNot,
    verb: 'catch',
    passive: 'caught',
    objects: alive,
    ofSubject: ['slow', 'tired'],
    ofObject: ['fast'],
  },
  {
    subjects: alive,
    auxiliaries: plainly,
    verb: 'caught',
    objects: alive,
    ofSubject: ['fast'],
    ofObject: ['slow', 'tired'],
  },
  {
    subjects: alive,
    auxiliaries: plainly,
    verb: 'beat',
    objects: alive,
    ofSubject: ['strong', 'fast'],
    ofObject: ['weak', 'slow'],
  },
  {
    subjects: alive,
    auxiliaries: didNot,
    verb: 'hear',
    passive: 'heard',
    objects: alive,
    ofSubject: ['deaf'],
    ofObject: ['quiet'],
  },
  {
    subjects: alive,
    auxiliaries: plainly,
    verb: 'feared',
    objects: alive,
    ofSubject: ['timid'],
    ofObject: ['cruel', 'strong'],
  },
  {
    subjects: ['person'],
    auxiliaries: plainly,
    verb: 'thanked',
    objects: ['person'],
    ofSubject: ['grateful'],
    ofObject: ['helpful'],
  },
  {
    subjects: ['person'],
    auxiliaries: plainly,
    verb: 'visited',
    objects: ['person'],
    ofSubject: ['bored'],
    ofObject: ['sick'],
  },
  {
    subjects: ['person'],
    auxiliaries: plainly,
    verb: 'envied',
    objects: ['person'],
    ofSubject: ['jealous', 'poor'],
    ofObject: ['rich'],
  },
  {
    subjects: alive,
    auxiliaries: didNot,
    verb: 'eat',
    passive: 'eaten',
    objects: ['food'],
    ofSubject: ['full'],
    ofObject: ['rotten'],
  },
  {
    subjects: alive,
    auxiliaries: plainly,
    verb: 'ate',
    objects: ['food'],
    ofSubject: ['hungry'],
    ofObject: ['tasty'],
  },
  {
    subjects: ['person'],
    auxiliaries: didNot,
    verb: 'buy',
    passive: 'bought',
    objects: ['thing', 'food', 'container'],
    ofSubject: ['poor'],
    ofObject: ['expensive', 'ugly'],
  },
  {
    subjects: ['person'],
    auxiliaries: didNot,
    verb: 'read',
    objects: ['text'],
    ofSubject: ['sleepy', 'tired'],
    ofObject: ['boring', 'long'],
  },
  {
    subjects: alive,
    auxiliaries: couldNot,
    verb: 'reach',
    passive: 'reached',
    objects: ['height', 'thing', 'food'],
    ofSubject: ['short', 'small'],
    ofObject: ['high', 'far'],
  },
  {
    subjects: ['hard'],
    auxiliaries: plainly,
    verb: 'broke',
    objects: ['breakable'],
    ofSubject: ['heavy', 'hard'],
    ofObject: ['fragile', 'thin'],
  },
  {
    subjects: ['person'],
    auxiliaries: couldNot,
    verb: 'open',
    passive: 'opened',
    objects: ['container', 'breakable'],
    ofSubject: ['weak'],
    ofObject: ['locked', 'closed'],
  },
  {
    subjects: ['animal'],
    auxiliaries: plainly,
    verb: 'chased',
    objects: ['animal'],
    ofSubject: ['hungry'],
    ofObject: ['tasty'],
  },
];

export const degrees: readonly string[] = ['too', 'too', 'too', 'so', 'very', 'really', ''];
export const plain: readonly string[] = [
  'old',
  'young',
  'little',
  'red',
  'blue',
  'new',
  'brown',
  'green',
  'black',
  'white',
  'nice',
];
export const determiners: readonly string[] = [
  'the',
  'the',
  'the',
  'the',
  'the',
  'a',
  'my',
  'his',
  'her',
  'this',
  'that',
  'our',
];
export const openings: readonly string[] = [
  'yesterday',
  'in the morning',
  'last night',
  'i think that',
  'we saw that',
  'the farmer said that',
  'today',
  'after lunch',
  'they say that',
  'at night',
  'in the {place}',
  'this time',
  'but',
  'and',
];
export const closings: readonly string[] = [
  'again',
  'yesterday',
  'in the end',
  'today',
  'at night',
  'that day',
  'in the {place}',
  'this time',
];
export const fillers: readonly string[] = [
  'it was a cold day .',
  'it was late .',
  'this is what we saw .',
  'what happened ?',
  'they were in the {place} .',
  'here is a story .',
];
export const attached: readonly string[] = [
  'near the {place}',
  'in the {place}',
  'from the {place}',
  'that the {person} saw',
  'with the {plain} hat',
  'of the {person}',
  'behind the {place}',
  'of {name}',
];

/** Agreement: what may stand between a head that is singular or plural and its verb. */
export const links: readonly string[] = [
  'to',
  'near',
  'of',
  'behind',
  'with',
  'in',
  'on',
  'under',
  'from',
  'by',
  'for',
];
const predicates = [
  'on the table',
  'in the {place}',
  'here',
  'there',
  'very old',
  'new',
  'red',
  'too small',
  'not here',
  'very nice',
  'at home',
  'near the {place}',
  'too heavy',
  'behind the {place}',
  'expensive',
];

/** A verb's two numbers, what opens a sentence of its tense, what follows it. */
export interface Verb {
  singular: string;
  plural: string;
  openings: readonly string[];
  endings: readonly string[];
}

export const verbs: Readonly<Record<'present' | 'past' | 'perfect', Verb>> = {
  present: {
    singular: 'is',
    plural: 'are',
    openings: ['', '', '', 'now', 'i think that'],
    endings: predicates,
  },
  past: {
    singular: 'was',
    plural: 'were',
    openings: ['yesterday', 'last night', 'that day'],
    endings: predicates,
  },
  perfect: {
    singular: 'has',
    plural: 'have',
    openings: ['', '', 'now'],
    endings: [
      'been here',
      'been lost',
      'been found',
      'been there',
      'been sick',
      'been seen in the {place}',
      'been sold',
    ],
  },
};
