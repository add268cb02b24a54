import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { layerOf, writeImage } from '../../scripts/image/archive.ts';

/** What a container of an image runs. */
interface ProgramImage {
  readonly name: string;
  /** The program's path on this machine; it links to no library. */
  readonly program: string;
  /** What it is called with when a pod says nothing. */
  readonly words: readonly string[];
}

/** Writes an image of one program and no other file as an archive, which `ctr images import` reads, and returns its path. */
export function writeProgramImage(directory: string, { name, program, words }: ProgramImage): string {
  const entry = `/${program.split('/').at(-1)}`;
  const folder = join(directory, 'layer');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(folder, 'tmp'), { recursive: true, mode: 0o777 });
  copyFileSync(program, join(folder, entry));
  const archive = `${directory}.tar`;
  writeImage(archive, { name, entrypoint: [entry], words, layers: [layerOf(folder)] });
  rmSync(directory, { recursive: true });
  return archive;
}
