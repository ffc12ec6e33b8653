// The page's address, #room/path?fields: which room is open, and what is open in it. Pure; old addresses are read, new ones written.

export const rooms = ['learn', 'train', 'lab'] as const;
export type Room = (typeof rooms)[number];

export interface Address {
  room: Room;
  path: readonly string[];
  fields: URLSearchParams;
}

const isRoom = (name: string): name is Room => (rooms as readonly string[]).includes(name);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % that nobody wrote on purpose
  }
}

/** null: a link to an element of the page, such as #sentence, names no room. No address: the first room. */
export function parseAddress(hash: string): Address | null {
  const text = hash.replace(/^#/, '');
  if (text === '') return { room: 'learn', path: [], fields: new URLSearchParams() };
  const [head, ...rest] = text.split('?');
  const [room, ...path] = head!.split('/');
  if (isRoom(room!))
    return {
      room,
      path: path.filter((part) => part !== '').map(decoded),
      fields: new URLSearchParams(rest.join('?')),
    };
  return parseOld(text);
}

/** Before there were three rooms: #train=copy&seed=1, and whatever else had a field was Explore's. */
function parseOld(text: string): Address | null {
  const fields = new URLSearchParams(text);
  const lesson = fields.get('train');
  if (lesson !== null) {
    fields.delete('train');
    return { room: 'train', path: lesson === '' ? [] : [lesson], fields };
  }
  return text === 'explore' || text.includes('=') ? { room: 'lab', path: [], fields } : null;
}

/** Fields without a value are left out. */
export function writeAddress(
  room: Room,
  path: readonly string[],
  fields: Readonly<Record<string, string | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) search.set(name, value);
  const query = search.size > 0 ? `?${search}` : '';
  return `#${[room, ...path.map(encodeURIComponent)].join('/')}${query}`;
}
