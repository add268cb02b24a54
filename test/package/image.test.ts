import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { agentFlags } from '#agent/flags.ts';
import { type Layer, layerOf, writeImage } from '../../scripts/image/archive.ts';
import { buildImage, entrypoint, environment, labelsOf, type WrittenImage, words } from '../../scripts/image/image.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Why the image can't be built here. */
function cannotBuild(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  try {
    execFileSync('apt-get', ['download', '--print-uris', 'nftables', 'iproute2'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'needs apt-get with lists of packages';
  }
}

const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-image-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

describe('an archive of an image', () => {
  const folderWith = (text: string): string => {
    const folder = scratch();
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a/file'), text);
    return folder;
  };
  const options = (layer: Layer) => ({ name: 'localhost/a:1', entrypoint: ['/a'], words: [], layers: [layer] });

  test('is the same bytes of the same files, whenever they were written', () => {
    const written = ['one', 'two'].map((name) => {
      const path = join(scratch(), name);
      writeImage(path, options(layerOf(folderWith('same'))));
      return readFileSync(path).toString('base64');
    });
    expect(written[0]).toBe(written[1]);
  });

  test('has digests that fit: of the compressed layer in the manifest, of the plain one in the configuration', () => {
    const folder = scratch();
    writeImage(join(folder, 'image.tar'), options(layerOf(folderWith('text'))));
    execFileSync('tar', ['-xf', 'image.tar'], { cwd: folder });
    const json = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
    const sum = (command: string): string =>
      execFileSync('sh', ['-c', `${command} | sha256sum`], { cwd: folder, encoding: 'utf8' }).slice(0, 64);
    const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
    const manifest = json(blob(json('index.json').manifests[0].digest));
    const layer = blob(manifest.layers[0].digest);
    expect(`sha256:${sum(`cat ${layer}`)}`).toBe(manifest.layers[0].digest);
    expect(json(blob(manifest.config.digest)).rootfs.diff_ids).toEqual([`sha256:${sum(`gzip -cd ${layer}`)}`]);
    expect(json('manifest.json')).toEqual([{ Config: blob(manifest.config.digest), RepoTags: ['localhost/a:1'], Layers: [layer] }]);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(root, 'deploy/image/Dockerfile'), 'utf8').replaceAll('\\\n', '');
  const instruction = (name: string): string => [...dockerfile.matchAll(new RegExp(`^${name} +(.*)$`, 'gm'))].at(-1)![1]!;
  const pairs = (text: string) => Object.fromEntries([...text.matchAll(/([\w.]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));

  test('says of the image what the script says', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(JSON.parse(instruction('ENTRYPOINT'))).toEqual(entrypoint);
    expect(JSON.parse(instruction('CMD'))).toEqual(words);
    expect(pairs(instruction('ENV'))).toEqual(Object.fromEntries(environment.map((each) => each.split('='))));
    expect(pairs(instruction('LABEL'))).toEqual(labelsOf({ version, commit: '$REVISION' }));
  });

  test('gives an agent its flags', () => {
    expect(entrypoint.slice(1, -1)).toEqual(agentFlags);
  });
});

const reason = cannotBuild();
describe.skipIf(reason !== undefined)(`the image${reason === undefined ? '' : ` (${reason})`}`, () => {
  let folder: string;
  let tree: string;
  let image: WrittenImage;
  const files = (): string[] => execFileSync('find', ['.', '-type', 'f'], { cwd: tree, encoding: 'utf8' }).split('\n');

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-image-'));
    image = buildImage(folder);
    tree = join(folder, 'tree');
    mkdirSync(join(folder, 'archive'));
    mkdirSync(tree);
    execFileSync('tar', ['-xf', image.archive, '-C', join(folder, 'archive')]);
    const [{ Layers }] = JSON.parse(readFileSync(join(folder, 'archive/manifest.json'), 'utf8')) as [{ Layers: string[] }];
    for (const layer of Layers) execFileSync('tar', ['-xzf', join(folder, 'archive', layer), '-C', tree]);
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is small, and has no program but those it needs', () => {
    expect(image.size).toBeLessThan(60 * 2 ** 20);
    const programs = execFileSync('find', ['.', '-type', 'f', '-perm', '-u+x', '!', '-name', '*.so*'], { cwd: tree, encoding: 'utf8' });
    expect(programs.trim().split('\n').sort()).toEqual(['./usr/bin/ip', './usr/bin/node', './usr/bin/sallyport', './usr/sbin/nft']);
  });

  test('has a licence of everything in it', () => {
    const records = files().flatMap((path) => /status\.d\/(.+)$/.exec(path)?.[1] ?? []);
    expect(records.length).toBeGreaterThan(10);
    for (const name of [...records, 'node']) expect(files()).toContain(`./usr/share/doc/${name}/copyright`);
  });

  test('runs from its own files alone, nft included', ({ skip }) => {
    if (process.getuid?.() !== 0) skip('needs root: it runs as it would in a container');
    const run = (script: string): string =>
      execFileSync('unshare', ['--net', '--mount', 'sh', '-ec', script], { encoding: 'utf8', cwd: tree });
    const version = JSON.parse(run('chroot . /usr/bin/sallyport version -o json')) as { version: string; node: string };
    expect(image.name.endsWith(`:${version.version}`)).toBe(true);
    const listing = run(
      `printf 'table inet t {\\n chain c {\\n tcp dport ssh accept\\n}\\n}\\n' >script
       chroot . /usr/sbin/nft -f /script && chroot . /usr/sbin/nft list ruleset; rm script`,
    );
    expect(listing).toContain('tcp dport 22');
    run('chroot . /usr/bin/ip link add one type veth peer name two');
    // What calls the kernel goes through koffi.
    expect(run('mkdir -p proc && mount -t proc proc proc && chroot . /usr/bin/sallyport uninstall')).toBe('there was nothing to remove\n');
  });

  test('has a bill of materials that is one', () => {
    const schemas = join(fileURLToPath(import.meta.resolve('@cyclonedx/cyclonedx-library/package.json')), '../res/schema');
    const schema = (name: string): object => JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8')) as object;
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    const isOne = ajv.compile(schema('bom-1.6'));
    isOne(JSON.parse(readFileSync(image.bill, 'utf8')));
    expect(isOne.errors).toBeNull();
  });

  test('has a bill of materials that names what is in it', () => {
    const bill = JSON.parse(readFileSync(image.bill, 'utf8')) as { components: { name: string; version: string; purl: string }[] };
    expect(readFileSync(join(tree, 'usr/share/doc/sallyport/sbom.cdx.json'), 'utf8')).toBe(readFileSync(image.bill, 'utf8'));
    const names = bill.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['nftables', 'libc6', 'node', 'koffi', 'yaml', 'commander']));
    // What is only used to build is not in it.
    for (const tool of ['esbuild', 'vitest', 'typescript']) expect(names).not.toContain(tool);
  });
});
