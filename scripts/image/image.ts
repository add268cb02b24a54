import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepLayer, type Layer, layerOf, readLayer, writeImage } from './archive.ts';
import { debianPackages, nativePackages, node, nodeProgram, program, writeBase, writeProgram } from './contents.ts';
import type { DebianPackage } from './debian.ts';
import { billOfMaterials } from './sbom.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sallyport/image');

/** Where the image keeps its bill of materials. */
const billInImage = 'usr/share/doc/sallyport/sbom.cdx.json';

/** The flags are the agent's (`src/agent/flags.ts`); what else is run in the image does as well with them. */
export const entrypoint = [node, '--max-semi-space-size=1', '--optimize-for-size', program];
/** What follows when a pod says nothing. */
export const words = ['agent'];
export const environment = ['PATH=/usr/sbin:/usr/bin', 'NODE_ENV=production'];

/** What was built: see `scripts/build.ts`. */
export interface Build {
  readonly version: string;
  readonly commit?: string;
}

/** An image that was written. */
export interface WrittenImage {
  readonly archive: string;
  readonly name: string;
  /** The bill of materials beside the archive. */
  readonly bill: string;
  /** Of its manifest, in hexadecimal. */
  readonly digest: string;
  /** Bytes of the archive, which are those that a node pulls. */
  readonly size: number;
}

/** Bundles this clone, and writes its image and its bill of materials into a folder. The base is taken from a cache where nothing of it has changed. */
export function buildImage(folder: string, repository = 'localhost/sallyport'): WrittenImage {
  mkdirSync(folder, { recursive: true });
  const scratch = join(folder, 'parts');
  const base = baseLayer(scratch);
  const ours = join(scratch, 'program');
  const { build, bill } = writeOurs(ours, join(scratch, 'bundle'), base.packages);
  const name = `${repository}:${build.version}`;
  const [archive, billFile] = [join(folder, 'sallyport.tar'), join(folder, 'sallyport.cdx.json')];
  writeFileSync(billFile, bill);
  const layers = [base.layer, layerOf(ours, created())];
  const imageDigest = writeImage(archive, { name, entrypoint, words, environment, labels: labelsOf(build), created: created(), layers });
  rmSync(scratch, { recursive: true });
  return { archive, name, bill: billFile, digest: imageDigest, size: statSync(archive).size };
}

/** Writes what is in the image as a tree of files: what a Dockerfile copies. */
export function writeRoot(folder: string): void {
  const packages = writeBase(folder, cache);
  const scratch = `${folder}.parts`;
  writeOurs(join(scratch, 'program'), join(scratch, 'bundle'), packages);
  execFileSync('cp', ['-a', `${join(scratch, 'program')}/.`, folder]);
  rmSync(scratch, { recursive: true });
}

/** What an image says of itself. Source: image-spec, annotations. */
export function labelsOf({ version, commit }: Build): Record<string, string> {
  const { description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { description: string; license: string };
  const label = 'org.opencontainers.image';
  return {
    [`${label}.title`]: 'sallyport',
    [`${label}.description`]: description,
    [`${label}.licenses`]: license,
    [`${label}.version`]: version,
    ...(commit !== undefined && { [`${label}.revision`]: commit }),
  };
}

function writeOurs(folder: string, bundle: string, debian: readonly DebianPackage[]): { readonly build: Build; readonly bill: string } {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), bundle], { stdio: 'inherit' });
  writeProgram(folder, bundle);
  const version = execFileSync(process.execPath, [join(bundle, 'sallyport.js'), 'version', '-o', 'json'], { encoding: 'utf8' });
  const build = JSON.parse(version) as Build;
  const npm = [...(JSON.parse(readFileSync(join(bundle, 'bundled.json'), 'utf8')) as string[]), ...nativePackages()];
  const versions = execFileSync(nodeProgram(), ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' });
  const bill = billOfMaterials({
    ...build,
    commit: build.commit,
    created: created(),
    debian,
    npm,
    node: JSON.parse(versions) as Record<string, string>,
  });
  mkdirSync(join(folder, billInImage, '..'), { recursive: true });
  writeFileSync(join(folder, billInImage), bill);
  return { build, bill };
}

/** The layer that changes seldom, and the packages in it. */
function baseLayer(scratch: string): { readonly layer: Layer; readonly packages: readonly DebianPackage[] } {
  const kept = join(cache, `base-${baseDigest()}`);
  const layer = readLayer(`${kept}.tar.gz`);
  if (layer !== undefined) return { layer, packages: JSON.parse(readFileSync(`${kept}.json`, 'utf8')) as DebianPackage[] };
  const folder = join(scratch, 'base');
  const packages = writeBase(folder, cache);
  const made = layerOf(folder);
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${kept}.json`, JSON.stringify(packages));
  keepLayer(`${kept}.tar.gz`, made);
  return { layer: made, packages };
}

/** What the base is made of: the packages that apt would bring, Node, and the code that puts them together. */
function baseDigest(): string {
  const hash = createHash('sha256');
  hash.update(execFileSync('apt-get', ['download', '--print-uris', ...debianPackages], { encoding: 'utf8' }));
  hash.update(readFileSync(join(root, 'toolchain/package-lock.json')));
  for (const file of ['archive.ts', 'contents.ts', 'debian.ts']) hash.update(readFileSync(join(import.meta.dirname, file)));
  return hash.digest('hex').slice(0, 16);
}

/** When the image was made, as far as its contents know: when the commit was. Source of the variable: reproducible-builds.org. */
function created(): number {
  const wanted = process.env.SOURCE_DATE_EPOCH;
  if (wanted) return Number(wanted);
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return 0;
  }
}
