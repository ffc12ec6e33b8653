"""The words of the generated sentences: nouns by class, frames (verbs with their reasons), fillers. Data only."""

# Singular → plural. None: the plural is not used. The class says which place in a frame a noun may take.
NOUNS = {
    'animal': {'animal': 'animals', 'dog': 'dogs', 'cat': 'cats', 'horse': 'horses', 'cow': None, 'fox': None,
               'mouse': 'mice', 'rabbit': None, 'tiger': None, 'wolf': 'wolves', 'bird': 'birds', 'turtle': None,
               'sheep': None, 'monkey': None, 'bear': None},
    'person': {'man': 'men', 'woman': 'women', 'boy': 'boys', 'girl': 'girls', 'child': 'children', 'king': None,
               'queen': None, 'doctor': 'doctors', 'teacher': 'teachers', 'farmer': None, 'student': 'students',
               'player': None},
    'way': {'street': 'streets', 'road': 'roads', 'river': 'rivers', 'bridge': None, 'field': 'fields', 'lake': None},
    'height': {'hill': 'hills', 'mountain': 'mountains', 'tree': 'trees', 'ladder': None, 'wall': 'walls',
               'tower': None},
    'thing': {'trophy': 'trophies', 'ball': 'balls', 'book': 'books', 'cup': 'cups', 'toy': 'toys', 'key': 'keys',
              'letter': 'letters', 'hat': 'hats', 'lamp': None, 'stone': 'stones', 'coat': None, 'piano': None,
              'picture': 'pictures', 'computer': None, 'statue': None, 'chair': 'chairs', 'bottle': 'bottles'},
    'hard': {'ball': 'balls', 'stone': 'stones', 'bottle': 'bottles', 'hammer': None, 'statue': None, 'chair': 'chairs'},
    'text': {'book': 'books', 'letter': 'letters'},
    'container': {'suitcase': 'suitcases', 'box': 'boxes', 'bag': 'bags', 'drawer': None, 'basket': None,
                  'chest': None, 'cabinet': 'cabinets', 'car': 'cars', 'room': 'rooms'},
    'cover': {'blanket': None, 'cloth': None, 'sheet': None, 'carpet': None, 'curtain': None},
    'covered': {'bed': None, 'table': 'tables', 'sofa': None, 'floor': None, 'window': 'windows'},
    'food': {'cheese': None, 'apple': 'apples', 'cake': 'cakes', 'bread': None, 'fish': None, 'soup': None,
             'meat': None, 'carrot': None},
    'breakable': {'window': 'windows', 'glass': None, 'plate': 'plates', 'mirror': None, 'vase': None, 'door': 'doors'},
}
PLACES = ['house', 'garden', 'village', 'city', 'park', 'forest', 'kitchen', 'school', 'shop', 'station']
NAMES = {'anna': 'she', 'ben': 'he', 'carl': 'he', 'emma': 'she', 'jane': 'she', 'john': 'he', 'lucy': 'she',
         'mary': 'she', 'max': 'he', 'paul': 'he', 'susan': 'she', 'tom': 'he'}
GENDER = {'man': 'he', 'boy': 'he', 'king': 'he', 'woman': 'she', 'girl': 'she', 'queen': 'she'}

COULD_NOT = ('could not', "couldn ' t", 'can not', "can ' t")
DID_NOT = ('did not', "didn ' t", 'would not', 'could not', "couldn ' t", 'does not')
ALIVE = ('animal', 'person')

# A frame: subject classes, auxiliaries, verb, passive (None: none), object classes, then the adjectives that can only
# be the reason if the subject has them, and those that only the object can have. The same adjective stands on both
# sides in different frames (weak, big, slow, …), so verb and adjective together name the referent.
FRAMES = [
    (ALIVE, DID_NOT, 'cross', 'crossed', ('way',), ('tired', 'lazy', 'afraid', 'weak'), ('wide', 'busy', 'dangerous')),
    (ALIVE, DID_NOT, 'climb', 'climbed', ('height',), ('tired', 'lazy', 'weak', 'old'), ('steep', 'high', 'dangerous')),
    (('thing',), DID_NOT, 'fit in', None, ('container',), ('big', 'large', 'wide', 'tall'), ('small', 'narrow', 'full')),
    (('thing',), DID_NOT, 'fit into', None, ('container',), ('big', 'large', 'wide', 'tall'), ('small', 'narrow', 'full')),
    (('container',), COULD_NOT, 'hold', None, ('thing',), ('small', 'narrow', 'full'), ('big', 'large', 'tall')),
    (('cover',), DID_NOT, 'cover', None, ('covered',), ('small', 'short'), ('big', 'large', 'wide')),
    (ALIVE, COULD_NOT, 'lift', 'lifted', ('thing', 'animal', 'person'), ('weak', 'tired', 'small'), ('heavy', 'big')),
    (ALIVE, DID_NOT, 'carry', 'carried', ('thing', 'animal', 'person'), ('weak', 'tired', 'small'), ('heavy', 'big')),
    (ALIVE, DID_NOT, 'catch', 'caught', ALIVE, ('slow', 'tired'), ('fast',)),
    (ALIVE, ('',), 'caught', None, ALIVE, ('fast',), ('slow', 'tired')),
    (ALIVE, ('',), 'beat', None, ALIVE, ('strong', 'fast'), ('weak', 'slow')),
    (ALIVE, DID_NOT, 'hear', 'heard', ALIVE, ('deaf',), ('quiet',)),
    (ALIVE, ('',), 'feared', None, ALIVE, ('timid',), ('cruel', 'strong')),
    (('person',), ('',), 'thanked', None, ('person',), ('grateful',), ('helpful',)),
    (('person',), ('',), 'visited', None, ('person',), ('bored',), ('sick',)),
    (('person',), ('',), 'envied', None, ('person',), ('jealous', 'poor'), ('rich',)),
    (ALIVE, DID_NOT, 'eat', 'eaten', ('food',), ('full',), ('rotten',)),
    (ALIVE, ('',), 'ate', None, ('food',), ('hungry',), ('tasty',)),
    (('person',), DID_NOT, 'buy', 'bought', ('thing', 'food', 'container'), ('poor',), ('expensive', 'ugly')),
    (('person',), DID_NOT, 'read', None, ('text',), ('sleepy', 'tired'), ('boring', 'long')),
    (ALIVE, COULD_NOT, 'reach', 'reached', ('height', 'thing', 'food'), ('short', 'small'), ('high', 'far')),
    (('hard',), ('',), 'broke', None, ('breakable',), ('heavy', 'hard'), ('fragile', 'thin')),
    (('person',), COULD_NOT, 'open', 'opened', ('container', 'breakable'), ('weak',), ('locked', 'closed')),
    (('animal',), ('',), 'chased', None, ('animal',), ('hungry',), ('tasty',)),
]

PAST = {'crossed', 'climbed', 'lifted', 'carried', 'caught', 'heard', 'eaten', 'bought', 'reached', 'opened'}
DEGREES = ('too', 'too', 'too', 'so', 'very', 'really', '')
PLAIN = ('old', 'young', 'little', 'red', 'blue', 'new', 'brown', 'green', 'black', 'white', 'nice')
DETERMINERS = ('the', 'the', 'the', 'the', 'the', 'a', 'my', 'his', 'her', 'this', 'that', 'our')
OPENINGS = ('yesterday', 'in the morning', 'last night', 'i think that', 'we saw that', 'the farmer said that',
            'today', 'after lunch', 'they say that', 'at night', 'in the {place}', 'this time', 'but', 'and')
CLOSINGS = ('again', 'yesterday', 'in the end', 'today', 'at night', 'that day', 'in the {place}', 'this time')
FILLERS = ('it was a cold day .', 'it was late .', 'this is what we saw .', 'what happened ?', 'they were in the {place} .',
           'here is a story .')
ATTACHED = ('near the {place}', 'in the {place}', 'from the {place}', 'that the {person} saw', 'with the {plain} hat',
            'of the {person}', 'behind the {place}', 'of {name}')

# Agreement: heads that may be singular or plural, what may stand between them and the verb, what may follow it.
LINKS = ('to', 'near', 'of', 'behind', 'with', 'in', 'on', 'under', 'from', 'by', 'for')
PREDICATES = ('on the table', 'in the {place}', 'here', 'there', 'very old', 'new', 'red', 'too small', 'not here',
              'very nice', 'at home', 'near the {place}', 'too heavy', 'behind the {place}', 'expensive')
VERBS = {  # tense: (singular, plural, words that open the sentence, words that follow the verb)
    'present': ('is', 'are', ('', '', '', 'now', 'i think that'), PREDICATES),
    'past': ('was', 'were', ('yesterday', 'last night', 'that day'), PREDICATES),
    'perfect': ('has', 'have', ('', '', 'now'), ('been here', 'been lost', 'been found', 'been there', 'been sick',
                                                  'been seen in the {place}', 'been sold')),
}
