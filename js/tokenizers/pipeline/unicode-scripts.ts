// The pre-tokenizer UnicodeScripts: cuts where the script changes. As src/pre_tokenizers/unicode_scripts.
import { sizeAt, type AlignedText } from './aligned-text.js';
import { inTable } from './characters.js';
import { newer } from './newer-characters.js';

/** Those of the library's table. */
const names =
  'Common Latin Han Cyrillic Hiragana Katakana Arabic Hangul Adlam Ahom Anatolian_Hieroglyphs Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Coptic Cuneiform Cypriot Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Hanunoo Hatran Hebrew Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi';
const changed: Readonly<Record<number, string>> = {
  0x20: 'any',
  0x589: 'Common',
  0x61c: 'Common',
  0x953: 'Devanagari',
  0x954: 'Devanagari',
  0x30fc: 'Han',
};

let tests: (readonly [name: string, test: RegExp])[] | undefined;
const isNewer = inTable(newer.script);
const known = new Map<number, string>();

/** 'any': a space, or a character newer than the table. Japanese is of one script. */
function scriptOf(codePoint: number): string {
  const before = changed[codePoint] ?? known.get(codePoint);
  if (before !== undefined) return before;
  tests ??= names.split(' ').map((name) => [name, new RegExp(`\\p{Script=${name}}`, 'u')]);
  const character = String.fromCodePoint(codePoint);
  const found = isNewer(codePoint) ? undefined : tests.find(([, test]) => test.test(character));
  const name = found?.[0] ?? 'any';
  const script = /^(Hira|Kata)/.test(name) ? 'Han' : name;
  known.set(codePoint, script);
  return script;
}

export function splitScripts(text: AlignedText): AlignedText[] {
  const bounds: number[] = [];
  let last: string | undefined;
  for (let unit = 0; unit < text.text.length; unit += sizeAt(text.text, unit)) {
    const script = scriptOf(text.text.codePointAt(unit)!);
    if (script === 'any') continue;
    if (script !== last) bounds.push(unit);
    last = script;
  }
  bounds.push(text.text.length);
  return bounds.slice(1).map((end, at) => text.slice(bounds[at]!, end));
}
