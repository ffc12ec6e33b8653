// Opens a reader's own checkpoint: the files of a chosen or dropped folder, or a .zip that Train saved.
import { openFiles } from './start.ts';

/** `folder`: its name, where the files do not carry it. false: `session.error` says why not. */
export async function openOwn(files: readonly File[], folder: string | null): Promise<boolean> {
  // A chosen folder's files carry their path; the package wants the folder's own files, not those of its subfolders.
  const top = files.filter((file) => (file.webkitRelativePath || file.name).split('/').length <= 2);
  const name = folder ?? (files[0]!.webkitRelativePath.split('/')[0] || files[0]!.name);
  const { files: found, sample } = await unpacked(top);
  return openFiles(found, name, sample);
}

/** With what is in a .zip that Train saved, and an input of its lesson. A file that is none is left to the package to refuse. */
async function unpacked(
  files: readonly File[],
): Promise<{ files: readonly File[]; sample?: string | undefined }> {
  if (!files.some((file) => file.name.endsWith('.zip'))) return { files };
  const { readSaved } = await import('../train/files.ts');
  const saved = await readSaved(files).catch(() => null);
  return { files: saved?.files ?? files, sample: saved?.run?.sample };
}
