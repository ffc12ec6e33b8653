"""Sentences with one right answer: who a pronoun or a masked noun refers to, and number agreement across a distance.

`sentence(rng, split)` draws one `Sentence`. The only randomness is the `random.Random` that the caller seeds. A pair of
nouns belongs to one split for ever (`split_of`), so no sentence of the evaluation has a pair that training has seen.
"""

import random
import zlib
from dataclasses import dataclass, replace

from lexicon import (ATTACHED, CLOSINGS, DEGREES, DETERMINERS, FILLERS, FRAMES, GENDER, LINKS, NAMES, NOUNS, OPENINGS, PLACES,
                     PLAIN, VERBS)

MASK, UNKNOWN = '[MASK]', '[UNK]'
FAMILIES = ('noun', 'pronoun', 'question', 'reason', 'agreement')
# Pairs of the page's own sentences: never in training.
PAGE_PAIRS = {('animal', 'street'), ('trophy', 'suitcase'), ('key', 'cabinet'), ('anna', 'mary'), ('dog', 'cat'),
              ('stone', 'window'), ('woman', 'child'), ('book', 'table'), ('mouse', 'cheese'), ('suitcase', 'trophy')}


@dataclass
class Sentence:
    """`words[t]` as the tokenizer gives them, without [CLS] and [SEP]. `answers[t]` is the word hidden at t."""
    family: str
    words: list[str]
    answers: dict[int, str]
    target: int | None = None     # the position with one right answer; None: there is no such position
    referent: int | None = None   # the position of the noun that decides the answer
    rival: int | None = None      # the position of the noun that would give the other answer
    reasons: tuple[str, ...] = ()  # the words that are as right as the answer (family 'reason')
    flip: tuple[int, str, str] | None = None  # (position, other reason, other answer): one changed word, the rival is right


def split_of(first: str, second: str) -> str:
    """'held-out' for a fifth of all pairs of (singular) nouns and for the page's own, 'train' for the rest."""
    if (first, second) in PAGE_PAIRS:
        return 'held-out'
    return 'held-out' if zlib.crc32(f'{first} {second}'.encode()) % 5 == 0 else 'train'


@dataclass
class Noun:
    base: str        # singular
    form: str        # as it stands in the sentence
    plural: bool
    name: bool = False

    @property
    def pronoun(self) -> str | None:
        if self.plural:
            return 'they'
        if self.name:
            return NAMES[self.base]
        if self.base in GENDER:
            return GENDER[self.base]
        return None if self.base in NOUNS['person'] and self.base != 'child' else 'it'


def article(determiner: str, following: str) -> str:
    return 'an' if determiner == 'a' and following[0] in 'aeiou' else determiner


class Draft:
    """Words with marks on some of them, so that clauses can be put in any order before positions are counted."""

    def __init__(self):
        self.items: list[tuple[str, str | None]] = []

    def add(self, text: str, mark: str | None = None) -> 'Draft':
        words = text.split()
        self.items += [(w, mark if i == len(words) - 1 else None) for i, w in enumerate(words)]
        return self

    def extend(self, other: 'Draft') -> 'Draft':
        self.items += other.items
        return self

    def find(self, mark: str) -> int | None:
        return next((i for i, (_, m) in enumerate(self.items) if m == mark), None)

    @property
    def words(self) -> list[str]:
        return [w for w, _ in self.items]


def fill(rng: random.Random, text: str) -> str:
    return text.format(place=rng.choice(PLACES), person=rng.choice(list(NOUNS['person'])), plain=rng.choice(PLAIN),
                       name=rng.choice(list(NAMES)))


def draw_noun(rng: random.Random, classes: tuple[str, ...], plural_rate: float, name_rate: float) -> Noun:
    kind = rng.choice(classes)
    if kind == 'person' and rng.random() < name_rate:
        base = rng.choice(list(NAMES))
        return Noun(base, base, False, name=True)
    base = rng.choice(list(NOUNS[kind]))
    plural = NOUNS[kind][base]
    if plural and rng.random() < plural_rate:
        return Noun(base, plural, True)
    return Noun(base, base, False)


def draw_pair(rng: random.Random, split: str, first: tuple[str, ...], second: tuple[str, ...], plural_rate: float,
              name_rate: float) -> tuple[Noun, Noun]:
    while True:
        a, b = draw_noun(rng, first, plural_rate, name_rate), draw_noun(rng, second, plural_rate, name_rate)
        if a.base != b.base and split_of(a.base, b.base) == split:
            return a, b


def noun_phrase(rng: random.Random, noun: Noun, mark: str, attach: bool) -> Draft:
    draft = Draft()
    if not noun.name:
        adjective = rng.choice(PLAIN) if rng.random() < 0.2 else ''
        if rng.random() < 0.03:  # a reason as an attribute: the reason that counts stands with the masked noun
            adjective = rng.choice(rng.choice(FRAMES)[rng.choice((5, 6))])
        determiner = rng.choice(DETERMINERS)
        if determiner == 'a' and noun.plural:
            determiner = 'some'
        if determiner in ('this', 'that') and noun.plural:
            determiner = 'these' if determiner == 'this' else 'those'
        draft.add(article(determiner, adjective or noun.form)).add(adjective)
    draft.add(noun.form, mark)
    if attach:
        draft.add(fill(rng, rng.choice(ATTACHED)))
    return draft


def main_clause(rng: random.Random, frame, first: Noun, second: Noun, short: bool) -> Draft:
    _, auxiliaries, verb, passive, _, _, _ = frame
    attach = (lambda: not short and rng.random() < 0.1)
    subject = noun_phrase(rng, first, 'subject', attach())
    target = noun_phrase(rng, second, 'object', attach())
    draft = Draft()
    if not short and rng.random() < 0.2:
        draft.add(fill(rng, rng.choice(OPENINGS)))
        if rng.random() < 0.3:
            draft.add(',')
    if passive and rng.random() < 0.12:
        auxiliary = rng.choice(('were not', "weren ' t") if second.plural else ('was not', "wasn ' t"))
        draft.extend(target).add(f'{auxiliary} {passive} by').extend(subject)
    else:
        draft.extend(subject).add(rng.choice(auxiliaries)).add(verb, 'verb').extend(target)
    if not short and rng.random() < 0.15:
        draft.add(fill(rng, rng.choice(CLOSINGS)))
    return draft


def reason_clause(rng: random.Random, phrase: tuple[str, str], plural: bool, reason: str) -> Draft:
    determiner, word = phrase
    verb = rng.choice(('were', 'were', 'were', 'are') if plural else ('was', 'was', 'was', 'is'))
    return Draft().add(determiner).add(word, 'referring').add(verb).add(rng.choice(DEGREES)).add(reason, 'reason')


def coreference(rng: random.Random, family: str, split: str) -> Sentence:
    # Where both nouns may be of one kind, two layers cannot tell which reason a repeated noun needs: not asked.
    frame = rng.choice([f for f in FRAMES if not set(f[0]) & set(f[4])] if family == 'reason' else FRAMES)
    while True:
        first, second = draw_pair(rng, split, frame[0], frame[4], plural_rate=0.15, name_rate=0.4)
        refers_to_subject = rng.random() < 0.5
        referent = first if refers_to_subject else second
        if family not in ('pronoun', 'question') or referent.pronoun:
            break
    reasons = frame[5] if refers_to_subject else frame[6]
    reason = rng.choice(reasons)
    short = rng.random() < 0.5
    main = main_clause(rng, frame, first, second, short)
    determiner = '' if referent.name else ('the' if rng.random() < 0.9 else rng.choice(('that', 'this', 'my', 'our')))
    if referent.plural and determiner in ('this', 'that'):
        determiner = 'the'
    phrase = {'noun': (determiner, MASK), 'reason': (determiner, referent.form)}.get(family, ('', referent.pronoun))
    because = reason_clause(rng, phrase, referent.plural, reason)

    draft = Draft()
    order = rng.random()
    if family in ('noun', 'reason') and order < 0.08:
        draft.add(rng.choice(('because', 'since', 'as'))).extend(because).add(',').extend(main)
    elif family in ('noun', 'reason') and order < 0.14:
        draft.extend(because).add(rng.choice((', so', 'so', '. so'))).extend(main)
    else:
        joint = rng.choice(('because',) * 8 + ('since', 'as', '.', ', because', ';'))
        draft.extend(main).add(joint).extend(because)
    answers: dict[int, str] = {}
    if family == 'question':
        word = 'who' if referent.name or referent.base in NOUNS['person'] else 'what'
        verb = 'were' if referent.plural else 'was'
        draft.add(f'. {word} {verb} {reason} ?').add('' if referent.name else 'the').add(MASK, 'asked')
        target = draft.find('asked')
        answers[draft.find('referring')] = referent.form
    else:
        target = draft.find('reason' if family == 'reason' else 'referring')
    if rng.random() < 0.7:
        draft.add('?' if family == 'noun' and rng.random() < 0.02 else '.')

    words = draft.words
    answers[target] = reason if family == 'reason' else referent.form
    if family == 'reason':
        words[target] = MASK
    places = (draft.find('subject'), draft.find('object'))
    if not refers_to_subject:
        places = places[::-1]
    rival, flip = (second if refers_to_subject else first), None
    same_form = (rival.plural, rival.name) == (referent.plural, referent.name)
    if same_form and (family == 'noun' or family == 'pronoun' and rival.pronoun == referent.pronoun):
        flip = (draft.find('reason'), rng.choice(frame[6 if refers_to_subject else 5]), rival.form)
    return Sentence(family, words, answers, target, *places, reasons if family == 'reason' else (), flip)


def agreement(rng: random.Random, split: str) -> Sentence:
    inanimate = ('thing', 'container', 'covered', 'breakable', 'cover')
    kinds = inanimate if rng.random() < 0.6 else ('animal', 'person')
    head, rival = draw_pair(rng, split, kinds, inanimate + ('animal', 'person'), plural_rate=0.6, name_rate=0.1)
    if rng.random() < 0.7 and not rival.name:  # mostly the rival asks for the other number
        plural = next((NOUNS[k][rival.base] for k in NOUNS if NOUNS[k].get(rival.base)), None)
        if head.plural:
            rival = Noun(rival.base, rival.base, False)
        elif plural:
            rival = Noun(rival.base, plural, True)
    one, many, openings, endings = VERBS[rng.choice(('present', 'present', 'past', 'perfect'))]
    draft = Draft().add(rng.choice(openings))
    draft.extend(noun_phrase(rng, head, 'head', False))
    plural, shape = head.plural, rng.random()
    if shape < 0.65:
        draft.add(rng.choice(LINKS)).extend(noun_phrase(rng, rival, 'rival', rng.random() < 0.1))
        if rng.random() < 0.15:
            draft.add(rng.choice(LINKS)).extend(noun_phrase(rng, draw_noun(rng, inanimate, 0.5, 0), 'other', False))
    elif shape < 0.8:
        other = draw_noun(rng, ('person',), 0.5, 0.4)
        draft.add('that').extend(noun_phrase(rng, other, 'rival', False)).add(rng.choice(('saw', 'found', 'bought', 'liked')))
    elif shape < 0.87:
        draft.add('and').extend(noun_phrase(rng, rival, 'rival', False))
        plural = True
    draft.add(MASK, 'verb').add(fill(rng, rng.choice(endings)))
    if rng.random() < 0.7:
        draft.add('.')
    target = draft.find('verb')
    return Sentence('agreement', draft.words, {target: many if plural else one}, target, draft.find('head'), draft.find('rival'))


def fragment(rng: random.Random, split: str) -> Sentence:
    """One clause alone: no word of it has one right answer, but the model shall stay sensible on it."""
    frame = rng.choice(FRAMES)
    first, second = draw_pair(rng, split, frame[0], frame[4], plural_rate=0.15, name_rate=0.4)
    if rng.random() < 0.5:
        draft = main_clause(rng, frame, first, second, True)
        place = rng.randrange(len(draft.items))
    else:
        draft = reason_clause(rng, ('' if first.name else 'the', first.form), first.plural, rng.choice(frame[5]))
        place = draft.find(rng.choice(('referring', 'reason')))
    if rng.random() < 0.7:
        draft.add('.')
    words = draft.words
    answer, words[place] = words[place], MASK
    return Sentence('fragment', words, {place: answer})


def blur(rng: random.Random, s: Sentence) -> None:
    """Unknown words where they decide nothing: what a learner types will hold many."""
    keep = {'because', 'since', 'as', 'not', 'by', '.', ',', ';', '?', 'the', "'", 't', 'and', 'that', *s.reasons}
    adjectives = {a for f in FRAMES for a in f[5] + f[6]}
    verbs = {f[2].split()[0] for f in FRAMES} | {f[3] for f in FRAMES if f[3]} | {'in', 'into'}
    numbered = {w for v in VERBS.values() for w in v[:2]} | {'been', 'yesterday', 'now', 'that', 'day', 'last', 'night'}
    fixed = {s.target, s.referent, s.rival, *s.answers}
    if s.family == 'reason':
        fixed |= {i for i, w in enumerate(s.words) if w == s.words[s.referent]}  # the repeated noun asks the question
    free = [i for i, w in enumerate(s.words) if i not in fixed and w not in keep | adjectives | verbs | numbered]
    for i in rng.sample(free, min(len(free), rng.choice((1, 1, 2)))):
        s.words[i] = UNKNOWN
    if s.family in ('noun', 'pronoun') and s.referent is not None and rng.random() < 0.3:
        place = rng.choice((s.referent, s.rival))
        s.words[place] = UNKNOWN
        s.flip = None
        if place == s.referent:  # the right answer is then a word that the model has no name for
            s.answers = {i: UNKNOWN for i in s.answers}


def join(s: Sentence, before: list[str], after: list[str]) -> Sentence:
    shift = len(before)
    move = (lambda i: None if i is None else i + shift)
    return replace(s, words=before + s.words + after, answers={i + shift: a for i, a in s.answers.items()},
                   target=move(s.target), referent=move(s.referent), rival=move(s.rival),
                   flip=s.flip and (s.flip[0] + shift, *s.flip[1:]))


SHARES = {'noun': 0.36, 'pronoun': 0.24, 'question': 0.06, 'reason': 0.10, 'agreement': 0.22, 'fragment': 0.02}


def sentence(rng: random.Random, split: str, family: str | None = None, max_words: int = 62) -> Sentence:
    """One sentence of the split. Training also gets hints with no context, unknown words and a second sentence."""
    while True:
        chosen = family or rng.choices(list(SHARES), SHARES.values())[0]
        draw = {'agreement': agreement, 'fragment': fragment}.get(chosen)
        s = draw(rng, split) if draw else coreference(rng, chosen, split)
        if rng.random() < 0.12:
            blur(rng, s)
        chance = rng.random()
        if chance < 0.08:
            s = join(s, fill(rng, rng.choice(FILLERS)).split(), [])
        elif chance < 0.11:
            s = join(s, [], ['.', *fill(rng, rng.choice(FILLERS)).split()] if s.words[-1] != '.' else
                     fill(rng, rng.choice(FILLERS)).split())
        elif chance < 0.15:
            other = sentence(rng, split, max_words=30)
            before = [other.answers.get(i, w) if w == MASK else w for i, w in enumerate(other.words)]
            s = join(s, before if before[-1] == '.' else before + ['.'], [])
        if len(s.words) <= max_words:
            return s


def vocabulary() -> list[str]:
    """Every word that a sentence can hold, sorted: the tokenizer's vocabulary after the special tokens."""
    words = set("the a an my his her this that these those our some it they he she because since as . , ; ? ! ' t so "
                'not was were is are wasn weren didn couldn can does would could who what by no very really too'.split())
    for nouns in NOUNS.values():
        words |= set(nouns) | {p for p in nouns.values() if p}
    for frame in FRAMES:
        for part in (*frame[1], frame[2], frame[3] or '', *frame[5], *frame[6]):
            words |= set(part.split())
    for text in (*OPENINGS, *CLOSINGS, *FILLERS, *ATTACHED, *LINKS):
        words |= {w for w in text.split() if '{' not in w}
    for one, many, openings, endings in VERBS.values():
        words |= {one, many} | {w for text in (*openings, *endings) for w in text.split() if '{' not in w}
    return sorted(words | set(PLACES) | set(NAMES) | set(PLAIN) | {'saw', 'found', 'bought', 'liked', 'some', 'and'})


if __name__ == '__main__':
    rng = random.Random(0)
    print(len(vocabulary()), 'words')
    for _ in range(40):
        s = sentence(rng, 'train')
        print(f'{s.family:9s} {" ".join(s.words)}  → {[(s.words[i], a) for i, a in s.answers.items()]}',
              s.referent is not None and s.words[s.referent], s.rival is not None and s.words[s.rival])
