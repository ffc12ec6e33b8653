// Opens a reader's own checkpoint: the files of a chosen or dropped folder, or a .zip that Train saved.
import { openFiles } from './start.ts';

/** `folder`: its name, where the files do not carry it. false: `session.error` says why not. */
export async function openOwn(files: readonly File[], folder: string | null): Promise<boolean> {
  // A chosen folder's files carry their path, which does not survive the way to a worker: of its subfolders those count that say how
  // a model's vectors become a text's (1_Pooling/config.json), by names that hold the folder.
  const top = files.flatMap((file) => {
    const path = (file.webkitRelativePath || file.name).split('/');
    if (path.length <= 2 && !isModule(path[0]!)) return [file];
    const [own, name] = path.slice(-2);
    if (!isModule(own!) || path.length > 3) return [];
    return file.name.includes('/') ? [file] : [new File([file], `${own}/${name}`)];
  });
  const name = folder ?? (files[0]!.webkitRelativePath.split('/')[0] || files[0]!.name);
  const { files: found, sample } = await unpacked(top);
  return openFiles(found, name, sample);
}

/** A folder of one of a sentence transformer's modules. */
export const isModule = (folder: string): boolean => /^\d+_\w+$/.test(folder);

/** With what is in a .zip that Train saved, and an input of its lesson. A file that is none is left to the package to refuse. */
async function unpacked(
  files: readonly File[],
): Promise<{ files: readonly File[]; sample?: string | undefined }> {
  if (!files.some((file) => file.name.endsWith('.zip'))) return { files };
  const { readSaved } = await import('../train/files.ts');
  const saved = await readSaved(files).catch(() => null);
  return { files: saved?.files ?? files, sample: saved?.run?.sample };
}
