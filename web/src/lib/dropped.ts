// Files out of a drop: the folder that was dropped, read to its depth of one, or the files themselves.

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

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
  const files = inside.filter((entry) => entry.isFile) as FileSystemFileEntry[];
  return { files: await Promise.all(files.map(fileOf)), name: folder?.name ?? null };
}
