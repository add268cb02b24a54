import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.ts';

/** What a container of an image runs. */
interface ImageOptions {
  readonly name: string;
  /** The program's path on this machine; it links to no library. */
  readonly program: string;
  /** What it is called with when a pod says nothing. */
  readonly words: readonly string[];
}

/**
 * Writes an image of one program and no other file as an archive, which `ctr images import` reads, and returns its path. No registry and no
 * base image is involved. Source of the format: docker/image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format".
 */
export function writeImage(directory: string, { name, program, words }: ImageOptions): string {
  const entry = `/${program.split('/').at(-1)}`;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'layer/tmp'), { recursive: true, mode: 0o777 });
  copyFileSync(program, join(directory, 'layer', entry));
  const archive = join(directory, 'layer.tar');
  run(['tar', '--create', `--file=${archive}`, `--directory=${join(directory, 'layer')}`, '--owner=0', '--group=0', '--mtime=@0', '.']);
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: [entry], Cmd: words },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(readFileSync(archive))}`] },
  });
  const configName = `${digest(config)}.json`;
  writeFileSync(join(directory, configName), config);
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify([{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }]));
  const image = `${directory}.tar`;
  run(['tar', '--create', `--file=${image}`, `--directory=${directory}`, 'manifest.json', configName, 'layer.tar']);
  rmSync(directory, { recursive: true });
  return image;
}

const digest = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
