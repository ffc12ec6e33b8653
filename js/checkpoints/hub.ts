// A repository of a hub as a folder, and the choice between it and a folder of the same name.
// https://huggingface.co/docs/hub: HUB/ORG/NAME/resolve/REVISION/FILE.
import { AttentionLabError, fail } from '../core/errors.js';
import type { HubOptions } from './types.js';
import { checkString, describe } from '../core/validation.js';
import type { Folder } from './folder.js';
import { openHubFile } from './hub-files.js';
import { hubKeys } from './hub-id.js';
import type { HubStore } from './hub-store.js';

const publicHub = 'https://huggingface.co';

/** The options of a source that is on no hub. */
export function refuseHubOptions(options: HubOptions): void {
  const given = hubKeys.find((key) => options[key] !== undefined);
  if (given)
    fail(
      'invalid_argument',
      `${given}: expected a hub id 'org/name' as source with it, got another source`,
    );
}

/** A repository as a folder. */
export function hubFolder(repo: string, options: HubOptions, store: HubStore | undefined): Folder {
  const hub = hubAddress(options.hub);
  const revision = checkRevision(options.revision ?? 'main');
  const token = options.token === undefined ? undefined : checkToken(options.token);
  let commit: string | undefined;
  const onCommit = (found: string): void => {
    commit ??= found;
    if (found !== commit)
      fail(
        'network',
        `${repo}: revision "${revision}" changed on the hub while it was loaded; load it again`,
      );
  };
  return {
    name: `${repo} at revision "${revision}" of ${hub} (check how they are spelt)`,
    open: (file, signal) =>
      openHubFile({ hub, repo, revision, file, token, signal, onCommit }, store),
  };
}

/** The folder if it has a config.json, else the repository of that name. */
export function localOrHub(
  local: Folder,
  id: string,
  options: HubOptions,
  store: HubStore | undefined,
): Folder {
  const hub = hubFolder(id, options, store);
  let chosen: Promise<Folder> | undefined;
  const choose = async (signal: AbortSignal | undefined): Promise<Folder> =>
    (await hasConfig(local, signal)) ? local : hub;
  return {
    name: `${local.name}, nor in ${hub.name}`,
    async open(file, signal, optional) {
      chosen ??= choose(signal);
      return (await chosen).open(file, signal, optional);
    },
  };
}

async function hasConfig(folder: Folder, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const file = await folder.open('config.json', signal);
    await file?.chunks()[Symbol.asyncIterator]().return?.();
    return file !== null;
  } catch (error) {
    // No server, an error status or a page in place of the file: no such folder.
    if (error instanceof AttentionLabError && ['file_missing', 'network'].includes(error.code))
      return false;
    throw error;
  }
}

function hubAddress(given: string | URL | undefined): string {
  if (given === undefined) return publicHub;
  let url: URL | undefined;
  try {
    url = new URL(given);
  } catch {
    // Refused below, with whatever else is no address.
  }
  if (!url || !/^https?:$/.test(url.protocol))
    fail('invalid_argument', `hub: expected an http or https address, got ${describe(given)}`);
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

function checkRevision(revision: unknown): string {
  const text = checkString('revision', revision);
  if (text.length > 200 || !/^[\w][\w./-]*$/.test(text) || text.includes('..'))
    fail(
      'invalid_argument',
      `revision: expected a branch, tag or commit, got ${describe(revision)}`,
    );
  return text;
}

function checkToken(token: unknown): string {
  // Never shown: not even where it is wrong.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    fail('invalid_argument', 'token: expected a string without spaces');
  return token;
}
