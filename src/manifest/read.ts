import type { Readable } from 'node:stream';
import { ManifestCollection, type ManifestOptions, type Manifests } from './collect.ts';
import { findFiles, readText, standardInput } from './files.ts';

/** How manifests are read; everything has a default. */
export interface ReadOptions extends ManifestOptions {
  /** What the path `-` reads; standard input unless given. */
  readonly input?: Readable;
}

/**
 * Reads the manifests of files, directories and standard input (`-`). Whatever is wrong with them is among the diagnostics. Kinds
 * that this program does not read are errors in a file that is named, and are skipped in a directory.
 */
export async function readManifests(paths: readonly string[], options: ReadOptions = {}): Promise<Manifests> {
  const { files, diagnostics } = await findFiles(paths);
  const collection = new ManifestCollection(options);
  collection.addDiagnostics(diagnostics);
  for (const file of files) {
    const text = await readText(file, options.input);
    if (typeof text === 'string') collection.addText(text, file.path === '-' ? standardInput : file.path, file.named ? 'error' : 'skip');
    else collection.addDiagnostics([text]);
  }
  return collection.finish();
}
