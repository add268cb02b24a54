import type { Readable } from 'node:stream';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { ManifestCollection, type ManifestOptions, type Manifests } from './collect.ts';
import { findFiles, type ManifestFile, readText, standardInput } from './files.ts';

/** How manifests are read; everything has a default. */
export interface ReadOptions extends ManifestOptions {
  /** What the path `-` reads; standard input unless given. */
  readonly input?: Readable;
  /** Told how many bytes are about to be read, before anything is. */
  readonly onFound?: (bytes: number) => void;
  /** Told of every file that has been read, before it is looked into. */
  readonly onFile?: (progress: FileProgress) => void;
}

/** How far reading has come. */
export interface FileProgress {
  readonly path: string;
  /** From 0. */
  readonly index: number;
  readonly count: number;
  /** How long the text is. */
  readonly characters: number;
}

/** A file with a way to its text. */
export interface ReadableFile extends ManifestFile {
  /** The text, or why there is none. */
  readonly read: () => Promise<string | Diagnostic>;
}

/**
 * Reads the manifests of files, directories and standard input (`-`). Whatever is wrong with them is among the diagnostics. Kinds
 * that this program does not read are errors in a file that is named, and are skipped in a directory.
 */
export async function readManifests(paths: readonly string[], options: ReadOptions = {}): Promise<Manifests> {
  const { files, diagnostics, bytes } = findFiles(paths);
  options.onFound?.(bytes);
  return readFound(
    files.map((file) => ({ ...file, read: () => readText(file, options.input) })),
    diagnostics,
    options,
  );
}

/** Reads files that were found, wherever they are; `diagnostics` are the faults that were met on the way to them. */
export async function readFound(
  files: readonly ReadableFile[],
  diagnostics: readonly Diagnostic[],
  options: ReadOptions,
): Promise<Manifests> {
  const collection = new ManifestCollection(options);
  collection.addDiagnostics(diagnostics);
  for (const [index, file] of files.entries()) {
    const text = await file.read();
    options.onFile?.({ path: file.path, index, count: files.length, characters: typeof text === 'string' ? text.length : 0 });
    if (typeof text === 'string')
      await collection.addText(text, file.path === '-' ? standardInput : file.path, file.named ? 'error' : 'skip');
    else collection.addDiagnostics([text]);
  }
  return collection.finish();
}
