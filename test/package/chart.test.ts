import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chart = join(root, 'deploy/helm/sallyport');
const helm = join(root, 'build/cluster/bin/helm');
const reason = existsSync(helm) ? undefined : 'needs helm: test/cluster/build.sh helm';

const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** An object of Kubernetes, as far as it is looked at here. */
interface Rendered {
  readonly kind: string;
  readonly spec: {
    readonly updateStrategy: object;
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly args: string[]; readonly image: string }[];
        readonly initContainers?: object[];
      };
    };
  };
}

/** What helm makes of the chart, as text. */
const render = (...words: string[]): string => {
  const { status, stdout, stderr } = spawnSync(
    helm,
    ['template', 'sallyport', chart, '-n', 'kube-system', '--kube-version', '1.34.0', ...words],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
const objectsIn = (yaml: string): Rendered[] => parseAllDocuments(yaml).map((document) => document.toJS() as Rendered);
const agentOf = (objects: readonly Rendered[]) => objects.find(({ kind }) => kind === 'DaemonSet')!.spec.template.spec.containers[0]!;

const manifests = [
  { file: 'deploy/manifests/sallyport.yaml', words: [], says: 'Installs Sallyport' },
  { file: 'deploy/manifests/remove.yaml', words: ['--set', 'remove=true'], says: 'Takes the rules of Sallyport out of every kernel' },
];

describe('the chart', () => {
  test('is of the version of the package', () => {
    const { version } = JSON.parse(text('package.json')) as { version: string };
    expect(parse(text('deploy/helm/sallyport/Chart.yaml'))).toMatchObject({ version, appVersion: version });
    for (const { file } of manifests) expect(agentOf(objectsIn(text(file))).image).toBe(`localhost/sallyport:${version}`);
  });

  test('has an entry in its schema for every value', () => {
    const schema = JSON.parse(text('deploy/helm/sallyport/values.schema.json')) as { properties: Record<string, { properties?: object }> };
    const values = parse(text('deploy/helm/sallyport/values.yaml')) as Record<string, object>;
    for (const [name, value] of Object.entries(values)) {
      expect(Object.keys(schema.properties)).toContain(name);
      const inner = schema.properties[name]?.properties;
      if (inner !== undefined) expect(Object.keys(inner)).toEqual(expect.arrayContaining(Object.keys(value)));
    }
  });
});

describe.skipIf(reason !== undefined)(`the chart in helm${reason === undefined ? '' : ` (${reason})`}`, () => {
  test('has nothing that helm would complain of', () => {
    expect(execFileSync(helm, ['lint', '--strict', chart], { encoding: 'utf8' })).toContain('0 chart(s) failed');
  });

  test.each(manifests)('makes $file', ({ file, words, says }) => {
    const head = `# ${says}: what the chart makes with its own values${words.length === 0 ? '' : ' and remove=true'}. See docs/install.md.\n`;
    const rendered = head + render(...words).replace(/\n+$/, '\n');
    if (process.env.UPDATE_GOLDEN) writeFileSync(join(root, file), rendered);
    expect(text(file)).toBe(rendered);
  });

  test('gives the agent what values say', () => {
    const words = [
      '--set',
      'agent.listenPort=9999,agent.holdBack=false,agent.podInterfaces=veth*,agent.choices={established=keep},agent.dropLog=none,agent.audit=true',
    ];
    expect(agentOf(objectsIn(render(...words))).args).toEqual([
      'agent',
      '--listen=:9999',
      '--mark-mask=0xff000000',
      '--audit-interval=300',
      '--drop-log=none',
      '--audit',
      '--no-hold-back',
      '--pod-interfaces=veth*',
      '--set=established=keep',
    ]);
  });

  test('has a ServiceMonitor where that is asked for', () => {
    expect(objectsIn(render()).map(({ kind }) => kind)).not.toContain('ServiceMonitor');
    expect(objectsIn(render('--set', 'serviceMonitor.enabled=true')).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['Service', 'ServiceMonitor']),
    );
  });

  test.each([
    ['a value that is none', 'agent.markmask=1', 'markmask'],
    ['a port that is none', 'agent.listenPort=70000', 'listenPort'],
    ['an image with its tag', 'image.repository=a/b:', 'repository'],
  ])('refuses %s', (_, setting, names) => {
    expect(() => render('--set', setting)).toThrow(names);
  });
});
