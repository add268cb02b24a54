import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { readText } from './files.ts';
import { readManifests } from './read.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'manifest-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Writes files and gives the path of the directory that holds them. */
async function directoryOf(name: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = join(root, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(directory, file, '..'), { recursive: true });
    await writeFile(join(directory, file), content);
  }
  return directory;
}

const pod = (name: string, more = ''): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}${more}}\n`;
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n';
const namesOf = (objects: readonly { readonly name: string }[]): string[] => objects.map(({ name }) => name);
const textOf = ({ code, source, message }: Diagnostic): string =>
  `${source?.file.slice(root.length + 1)}:${source?.line}:${source?.column} ${code} ${message}`;

describe('readManifests', () => {
  it('reads directories in order of names, hidden ones and links left out, and counts what it does not know', async () => {
    const directory = await directoryOf('tree', {
      'b.yaml': `${pod('b1')}---\n${pod('b2')}`,
      'a/z.yml': pod('z'),
      'a/y.json': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"y"}}',
      'a/.hidden/h.yaml': pod('h'),
      'a/notes.txt': 'not: read',
      'c.yaml': `${configMap}---\njust text\n---\n- a list\n`,
    });
    await symlink(join(directory, 'b.yaml'), join(directory, 'link.yaml'));
    await symlink(join(directory, 'a'), join(directory, 'loop'));
    const { objects, diagnostics, skipped } = await readManifests([directory]);
    expect(namesOf(objects)).toEqual(['y', 'z', 'b1', 'b2']);
    expect(diagnostics).toEqual([]);
    expect(skipped).toBe(3);
    expect(objects[3]!.source).toEqual({ file: join(directory, 'b.yaml'), line: 5, column: 1 });
  });

  it('takes what it does not know for an error in a file that is named', async () => {
    const directory = await directoryOf('named', { 'c.yaml': `${configMap}---\njust text\n`, 'p.yaml': pod('p') });
    const { objects, diagnostics, skipped } = await readManifests([directory, join(directory, 'c.yaml'), join(directory, 'p.yaml')]);
    expect(namesOf(objects)).toEqual(['p']);
    expect(diagnostics.map(textOf)).toEqual([
      'named/c.yaml:1:1 unknown-kind kind "ConfigMap" in version "v1" is not read by this program',
      'named/c.yaml:5:1 unknown-kind not a Kubernetes object: apiVersion or kind is not set',
    ]);
    expect(skipped).toBe(0);
  });

  it('never leaves out a policy that it can not evaluate, in a directory either', async () => {
    const policy = 'apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}\n';
    const { diagnostics } = await readManifests([await directoryOf('anp', { 'p.yaml': policy })]);
    expect(diagnostics).toMatchObject([{ code: 'unsupported-kind', severity: 'error' }]);
  });

  it('reads standard input, and fills in a namespace', async () => {
    const input = Readable.from([Buffer.from(pod('a')), Buffer.from(`---\n${pod('b', ', namespace: z')}`)]);
    const { objects, diagnostics } = await readManifests(['-', '-'], { input, defaultNamespace: 'x' });
    expect(diagnostics).toEqual([]);
    expect(objects).toMatchObject([
      { name: 'a', namespace: 'x', source: { file: '<stdin>', line: 1 } },
      { name: 'b', namespace: 'z', source: { file: '<stdin>', line: 5 } },
    ]);
  });

  it('names both places of an object that is there twice', async () => {
    const directory = await directoryOf('twice', { 'a.yaml': pod('a'), 'b.yaml': `${pod('b')}---\n${pod('a', ', namespace: default')}` });
    const { objects, diagnostics } = await readManifests([directory]);
    expect(namesOf(objects)).toEqual(['a', 'b']);
    expect(diagnostics.map(textOf)).toEqual([
      `twice/b.yaml:5:1 duplicate-object Pod default/a is there twice, first at ${join(directory, 'a.yaml')}:1:1`,
    ]);
  });

  it('puts the pods that workloads would make last', async () => {
    const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2, template: {}}\n';
    const directory = await directoryOf('workloads', {
      'a.yaml': `${deployment}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n`,
    });
    const { objects } = await readManifests([directory]);
    expect(objects.map(({ kind, name, source }) => `${kind} ${name} ${source?.line}`)).toEqual([
      'Namespace x 6',
      'Pod web-0 1',
      'Pod web-1 1',
    ]);
    const many = Array.from({ length: 6 }, (_, index) => `${deployment.replace('web', `w${index}`).replace('2', '200000')}`).join('---\n');
    const { objects: none, diagnostics } = await readManifests([await directoryOf('many', { 'a.yaml': many })]);
    expect(none).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: 'limit', severity: 'error' }]);
  });

  it('takes a key that stands twice for an error, or a warning if told so', async () => {
    const directory = await directoryOf('keys', { 'a.yaml': `${pod('a')}kind: Pod\n---\n${configMap}kind: ConfigMap\n` });
    const strict = await readManifests([directory]);
    expect(strict).toMatchObject({
      objects: [],
      skipped: 1,
      diagnostics: [{ code: 'duplicate-key', severity: 'error', source: { line: 4 } }],
    });
    const lenient = await readManifests([directory], { choices: { ...defaultChoices, 'unknown-fields': 'warn' } });
    expect(lenient).toMatchObject({ objects: [{ name: 'a' }], diagnostics: [{ code: 'duplicate-key', severity: 'warning' }] });
  });

  it('says what is wrong with a path or a file', async () => {
    const directory = await directoryOf('faults', {
      'binary.yaml': new Uint8Array([97, 0, 98]),
      'broken.yaml': 'a: [\n',
      'latin.yaml': new Uint8Array([97, 58, 32, 98, 10, 99, 58, 32, 0xe9, 10]),
      'wide.yaml': new Uint8Array([0xff, 0xfe, 97, 0]),
      'z.yaml': `\ufeff${pod('good')}`,
    });
    const empty = join(root, 'empty');
    await mkdir(empty);
    const { objects, diagnostics } = await readManifests([join(root, 'absent.yaml'), empty, directory]);
    expect(diagnostics.map(textOf)).toEqual([
      'absent.yaml:1:1 file no such file or directory',
      'empty:1:1 file the directory holds no .yaml, .yml or .json file',
      'faults/binary.yaml:1:1 encoding not a text: it holds zero bytes',
      expect.stringMatching(/^faults\/broken.yaml:2:1 syntax /),
      'faults/latin.yaml:2:1 encoding not UTF-8',
      'faults/wide.yaml:1:1 encoding the text is UTF-16: save it as UTF-8',
    ]);
    expect(namesOf(objects)).toEqual(['good']);
  });

  it('does not read more than it may', async () => {
    const input = Readable.from([Buffer.alloc(600_000, 32), Buffer.alloc(600_000, 32)]);
    expect(await readText({ path: '-', named: true }, input, 1024 * 1024)).toMatchObject({ code: 'limit', message: 'larger than 1 MiB' });
  });
});
