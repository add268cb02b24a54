import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '#test/golden/session.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { shop } from './shop.ts';
import { World } from './world.ts';

const missing = cannotRunControlPlane();
const page = readFileSync(join(root, 'docs/cluster.md'), 'utf8');

/** The blocks of the page in a language. */
const blocksOf = (language: string): string[] =>
  Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')), ([, block = '']) => block);

describe.skipIf(missing !== undefined)(`a plugin of kubectl${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    await world.plane.create(shop);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test('it is found, says how it is called, and its exit code is that of kubectl', async () => {
    expect((await world.kubectl('plugin', 'list')).stdout).toContain('/kubectl-sallyport\n');
    const help = await world.kubectl('sallyport', 'help', 'check');
    expect(help.stdout).toMatch(/^Usage: kubectl sallyport check \[-f <path>\.\.\.\]/);
    expect(help.stdout).toContain('\n  kubectl sallyport check -f manifests/ --from internet');
    expect(help.stdout).not.toMatch(/^ {2}sallyport/m);
    const ends = (to: string): string[] => ['--from', 'shop/client', '--to', to, '--port', '8080'];
    expect((await world.kubectl('sallyport', 'check', ...ends('shop/deployment/web'))).code).toBe(0);
    expect((await world.kubectl('sallyport', 'check', ...ends('pay/db-0'))).code).toBe(1);
    expect((await world.kubectl('sallyport', 'check', ...ends('pay/none'))).code).toBe(2);
  });

  describe('completion', () => {
    /** The candidates that kubectl offers, and what the shell is to do with them. */
    async function offered(...words: string[]): Promise<{ words: string[]; directive: string }> {
      const { stdout } = await world.kubectl('__complete', 'sallyport', ...words);
      const lines = stdout.trimEnd().split('\n');
      return { words: lines.slice(0, -1).map((line) => line.split('\t')[0]!), directive: lines.at(-1)! };
    }

    test.each<[string[], string[], string]>([
      [['mat'], ['matrix'], ':4'],
      [['check', '--as'], ['--as', '--as-group', '--as-uid'], ':4'],
      [['check', '--kubeconfig', ''], [], ':0'],
      [['check', '--context', ''], ['admin'], ':4'],
      [['check', '--user', 'a'], ['admin'], ':4'],
      [['matrix', '-n', ''], ['default', 'empty', 'kube-node-lease', 'kube-public', 'kube-system', 'pay', 'shop', 'watch'], ':4'],
      [['check', '--from', 's'], ['shop/'], ':6'],
      [
        ['check', '--from', ''],
        [
          'default/',
          'empty/',
          'kube-node-lease/',
          'kube-public/',
          'kube-system/',
          'pay/',
          'shop/',
          'watch/',
          'apiserver',
          'internet',
          'node:',
        ],
        ':4',
      ],
      [['check', '--from', 'node:'], ['node:n1', 'node:n2'], ':4'],
      [
        ['check', '--from', 'shop/client', '--to', 'pay/'],
        ['pay/cronjob/report', 'pay/db-0', 'pay/report-29000000-zzzzz', 'pay/service/db', 'pay/statefulset/db'],
        ':4',
      ],
      [['check', '--as', 'nobody', '--from', 'shop/'], [], ':4'],
      [['check', '--context', 'none', '--from', ''], [], ':4'],
      [['check', '-f', 'examples/recipes/12-by-port', '--from', 'shop/'], ['shop/client', 'shop/web'], ':4'],
      [['check', '-f', '-', '--from', ''], ['apiserver', 'internet'], ':4'],
    ])('of %j', async (words, expected, directive) => {
      expect(await offered(...words)).toEqual({ words: expected, directive });
    });

    test('waits for nobody for long, and says nothing', async () => {
      const server = createServer((socket) => void socket.on('error', () => undefined));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const start = performance.now();
      const ran = await world.sallyport('__complete', 'check', '-s', url, '--from', '');
      expect(ran).toEqual({ code: 0, stdout: 'apiserver\t\ninternet\t\nnode:\t\n:4\n', stderr: '' });
      expect(performance.now() - start).toBeLessThan(10_000);
      server.close();
    });

    test('in bash goes on behind a slash', async () => {
      const { stdout } = await world.bash(
        `compopt() { echo "compopt $*"; }; source <(sallyport completion bash); COMP_LINE='sallyport check --from sh' COMP_POINT=25; _sallyport; echo "\${COMPREPLY[@]}"`,
      );
      expect(stdout).toBe('compopt -o nospace\nshop/\n');
    });
  });

  describe('docs/cluster.md', () => {
    test('the role of the page is enough for everything, and nothing of it too much', async () => {
      const [yaml = ''] = blocksOf('yaml');
      const role = parse(yaml) as Manifest & { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] };
      const every = role.rules.flatMap(({ apiGroups, resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => ({ apiGroups, resources: [resource], verbs: [verb] }))),
      );
      const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/sallyport';
      await world.plane.create([role]);
      const bind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'least' } };
      await world.plane.create([
        {
          ...bind,
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'sallyport' },
          subjects: [{ kind: 'User', name: 'least', apiGroup: 'rbac.authorization.k8s.io' }],
        },
      ]);
      const questions = [
        ['matrix', '--as', 'least'],
        ['check', '--as', 'least', '--from', 'shop/client', '--to', 'pay/service/db', '--port', '5432'],
      ];
      const isGood = async (): Promise<boolean> =>
        (await Promise.all(questions.map((question) => world.sallyport(...question)))).every(
          ({ code, stderr }) => code !== 2 && stderr === '',
        );
      await world.plane.until(isGood);
      for (const [index, { apiGroups }] of every.entries()) {
        // Nobody has installed these here.
        const isIdle = apiGroups[0] === 'policy.networking.k8s.io';
        await world.plane.send('PUT', path, { ...role, rules: every.filter((_, other) => other !== index) });
        if (!isIdle) await world.plane.until(async () => !(await isGood()));
      }
      await world.plane.send('PUT', path, role);
      await world.plane.until(isGood);
    });

    test('its commands do what the page says', async () => {
      const production = world.plane.kubeconfig('production');
      const environment = { KUBECONFIG: `${world.kubeconfig}:${production}` };
      const lines = blocksOf('sh').flatMap((block) => block.trim().split('\n'));
      expect(lines.length).toBeGreaterThan(8);
      for (const line of lines) {
        const run = () => world.bash(`cd ${world.folder} && ${line}`, environment);
        // The server learns of a role a moment after it is made.
        if (line.includes(' --as ')) await world.plane.until(async () => (await run()).code !== 2);
        // kubectl has its own to say of this machine's PATH.
        expect({ line, ...(await run()) }).toMatchObject({ code: 0, ...(line !== 'kubectl plugin list' && { stderr: '' }) });
      }
    });
  });
});
