import { isUtf8 } from 'node:buffer';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Diagnostic, DiagnosticCode } from '#core/api/diagnostic.ts';

/** A file to read. */
export interface ManifestFile {
  /** The path as the user will recognise it; `-` is standard input. */
  readonly path: string;
  /** The user named the file itself, not a directory that holds it. */
  readonly named: boolean;
}

/** What paths name. */
export interface FoundFiles {
  readonly files: readonly ManifestFile[];
  readonly diagnostics: readonly Diagnostic[];
  /** What all files have together, as far as they say: standard input and pipes don't. */
  readonly bytes: number;
}

/** How messages call standard input. */
export const standardInput = '<stdin>';

const largestFile = 256 * 1024 * 1024;
/** The names of manifests in directories. */
export const extensions = /\.(ya?ml|json)$/;

/** What is wrong with a directory in which no file is named like a manifest. */
export const emptyDirectory = 'the directory holds no .yaml, .yml or .json file';

/** Why a file cannot be read. */
export const fault = (file: string, code: DiagnosticCode, message: string, line = 1): Diagnostic => ({
  code,
  severity: 'error',
  message,
  source: { file, line, column: 1 },
});

/**
 * The files that paths name: a file as it is; of a directory, and those below, every .yaml, .yml and .json file in order of names.
 * Hidden directories are left out and links are not followed. A file that is named twice is given once.
 */
export function findFiles(paths: readonly string[]): FoundFiles {
  const files = new Map<string, ManifestFile>();
  const diagnostics: Diagnostic[] = [];
  let bytes = 0;
  for (const path of paths) {
    try {
      const isDirectory = path !== '-' && statSync(path).isDirectory();
      const found = isDirectory ? filesIn(path) : [{ path, named: true }];
      if (found.length === 0) diagnostics.push(fault(path, 'file', emptyDirectory));
      for (const file of found) {
        const { identity, size } = identify(file);
        const known = files.get(identity);
        if (known === undefined) bytes += size;
        files.set(identity, { path: known?.path ?? file.path, named: known?.named === true || file.named });
      }
    } catch (error) {
      diagnostics.push(fault(path, 'file', reasonOf(error)));
    }
  }
  return { files: [...files.values()], diagnostics, bytes };
}

function identify({ path }: ManifestFile): { readonly identity: string; readonly size: number } {
  if (path === '-') return { identity: path, size: 0 };
  const { dev, ino, size } = statSync(path, { bigint: true });
  return { identity: `${dev} ${ino}`, size: Number(size) };
}

function filesIn(directory: string): ManifestFile[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  const files: ManifestFile[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) files.push(...filesIn(path));
    else if (entry.isFile() && extensions.test(entry.name)) files.push({ path, named: false });
  }
  return files;
}

/** The text of a file, or why there is none. What is larger than `limit`, in bytes, is not read. */
export async function readText({ path }: ManifestFile, input?: Readable, limit = largestFile): Promise<string | Diagnostic> {
  const name = path === '-' ? standardInput : path;
  try {
    // To ask for standard input alone costs what reading ten files does.
    const bytes = path === '-' ? await readBytes(input ?? process.stdin, limit) : await readFile(path, limit);
    if (bytes === undefined) return fault(name, 'limit', `larger than ${limit / 1024 / 1024} MiB`);
    return textOf(name, bytes);
  } catch (error) {
    return fault(name, 'file', reasonOf(error));
  }
}

/** The bytes of a file at once, which is ten times as fast as a stream; of a pipe or a device as they come, with time for others. */
function readFile(path: string, limit: number): Buffer | undefined | Promise<Buffer | undefined> {
  const file = statSync(path);
  if (!file.isFile()) return readBytes(createReadStream(path), limit);
  return file.size > limit ? undefined : readFileSync(path);
}

/** Everything the stream gives, or undefined when that is too much: pipes and devices do not say their size beforehand. */
async function readBytes(stream: Readable, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > limit) {
      stream.destroy();
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** The bytes of a file as text, or why they are none. */
export const textOf = (file: string, bytes: Buffer): string | Diagnostic => encodingFault(file, bytes) ?? bytes.toString('utf8');

function encodingFault(file: string, bytes: Buffer): Diagnostic | undefined {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return fault(file, 'encoding', 'the text is UTF-16: save it as UTF-8');
  if (bytes.includes(0)) return fault(file, 'encoding', 'not a text: it holds zero bytes');
  if (isUtf8(bytes)) return undefined;
  const sound = bytes.toString('utf8').split('\ufffd', 1)[0]!;
  return fault(file, 'encoding', 'not UTF-8', sound.split('\n').length);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ELOOP: 'too many levels of symbolic links',
};

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return reasons[code] ?? message;
}
