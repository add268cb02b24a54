/**
 * Images as archives, made of folders: no registry, no base image and no daemon is involved. An archive is an image layout, which `ctr images import`,
 * `skopeo copy oci-archive:…` and `podman load` read, and has the manifest that `docker load` reads, too. The same input gives the same bytes.
 * Source of the formats: opencontainers/image-spec v1.1; docker/image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format".
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A layer, compressed, and the digest of what it was before. */
export interface Layer {
  readonly bytes: Uint8Array;
  readonly plainDigest: string;
}

/** What a container of an image runs, and what the image says of itself. */
export interface ImageOptions {
  /** With its tag: `localhost/sallyport:1.0.0`. */
  readonly name: string;
  readonly entrypoint: readonly string[];
  /** What follows the entry point when a pod says nothing. */
  readonly words: readonly string[];
  readonly environment?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** When it was made, in seconds since 1970. */
  readonly created?: number;
  readonly layers: readonly Layer[];
}

/** Makes a layer of all that is in a folder: owned by root, with one time. */
export function layerOf(folder: string, seconds = 0): Layer {
  const shape = ['--format=gnu', '--sort=name', `--mtime=@${seconds}`, '--owner=0', '--group=0', '--numeric-owner'];
  const bytes = execFileSync('tar', ['--create', '--file=-', `--directory=${folder}`, ...shape, '.'], { maxBuffer: 1 << 30 });
  return { bytes: gzipSync(bytes, { level: 6 }), plainDigest: digest(bytes) };
}

/** Writes an image as an archive, and returns the digest of its manifest. */
export function writeImage(path: string, options: ImageOptions): string {
  const directory = `${path}.parts`;
  rmSync(directory, { recursive: true, force: true });
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const store = (bytes: Uint8Array | string): { digest: string; size: number } => {
    const found = digest(bytes);
    writeFileSync(join(blobs, found), bytes);
    return { digest: `sha256:${found}`, size: Buffer.byteLength(bytes) };
  };
  const config = store(JSON.stringify(configOf(options)));
  const layers = options.layers.map(({ bytes }) => store(bytes));
  const oci = 'application/vnd.oci.image';
  const manifest = store(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: { mediaType: `${oci}.config.v1+json`, ...config },
      layers: layers.map((layer) => ({ mediaType: `${oci}.layer.v1.tar+gzip`, ...layer })),
    }),
  );
  const names = { 'io.containerd.image.name': options.name, 'org.opencontainers.image.ref.name': tagOf(options.name) };
  const write = (name: string, value: object): void => writeFileSync(join(directory, name), JSON.stringify(value));
  write('oci-layout', { imageLayoutVersion: '1.0.0' });
  write('index.json', {
    schemaVersion: 2,
    mediaType: `${oci}.index.v1+json`,
    manifests: [{ mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations: names }],
  });
  const blob = (each: { digest: string }): string => `blobs/${each.digest.replace(':', '/')}`;
  write('manifest.json', [{ Config: blob(config), RepoTags: [options.name], Layers: layers.map(blob) }]);
  mkdirSync(dirname(path), { recursive: true });
  const shape = ['--format=gnu', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  execFileSync('tar', [
    '--create',
    `--file=${path}`,
    `--directory=${directory}`,
    ...shape,
    'blobs',
    'index.json',
    'manifest.json',
    'oci-layout',
  ]);
  rmSync(directory, { recursive: true });
  return manifest.digest.replace('sha256:', '');
}

function configOf({ entrypoint, words, environment = [], labels = {}, created = 0, layers }: ImageOptions): object {
  return {
    created: new Date(created * 1000).toISOString(),
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: entrypoint, Cmd: words, Env: environment, Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map(({ plainDigest }) => `sha256:${plainDigest}`) },
  };
}

const tagOf = (name: string): string => name.slice(name.lastIndexOf(':') + 1);

/** A layer that was kept in a file beside the digest of what it was before. */
export function readLayer(path: string): Layer | undefined {
  try {
    return { bytes: readFileSync(path), plainDigest: readFileSync(`${path}.digest`, 'utf8') };
  } catch {
    return undefined;
  }
}

/** Keeps a layer for `readLayer`. */
export function keepLayer(path: string, { bytes, plainDigest }: Layer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  writeFileSync(`${path}.digest`, plainDigest);
}

const digest = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
