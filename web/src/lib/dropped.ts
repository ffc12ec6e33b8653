// Files out of a drop: those of the folder that was dropped and, named with their folder, of the ones in it; or the files themselves.

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

/** readEntries gives a folder in portions, until an empty one. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) return all;
    all.push(...portion);
  }
}

/** To be called before anything is awaited: the items of a drop die with its event. */
export async function droppedFiles(
  items: DataTransferItemList,
): Promise<{ files: File[]; name: string | null }> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter(
    (entry) => entry !== null,
  );
  const folder = entries.find((entry) => entry.isDirectory) as FileSystemDirectoryEntry | undefined;
  const inside = folder ? await entriesOf(folder) : entries;
  const files = await Promise.all(inside.filter(isFile).map(fileOf));
  const deeper = folder ? inside.filter((entry) => entry.isDirectory) : [];
  for (const each of deeper as FileSystemDirectoryEntry[])
    for (const entry of (await entriesOf(each)).filter(isFile))
      files.push(new File([await fileOf(entry)], `${each.name}/${entry.name}`));
  return { files, name: folder?.name ?? null };
}
