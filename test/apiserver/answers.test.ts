import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { compact, Door, withOldToken } from './door.ts';
import { clusterPolicyKind, pod, policy, shop } from './shop.ts';
import { type Ran, World } from './world.ts';

const missing = cannotRunControlPlane();
const kinds = 'namespaces,nodes,pods,services,endpointslices,networkpolicies,replicasets,jobs';

/** A JSON value without the places of objects, which only files have. */
function withoutSources(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSources);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (key === 'source' ? [] : [[key, withoutSources(field)]])));
}

const jsonOf = ({ stdout, stderr }: Ran): unknown => {
  expect(stderr).toBe('');
  return withoutSources(JSON.parse(stdout));
};

describe.skipIf(missing !== undefined)(`a live cluster${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  let dump = '';
  beforeAll(async () => {
    world = await World.create();
    await world.plane.create(shop);
    dump = join(world.folder, 'dump.json');
    await writeDump();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** Writes what there is now into a file. */
  async function writeDump(): Promise<void> {
    const { code, stdout } = await world.kubectl('get', kinds, '-A', '-o', 'json');
    expect(code).toBe(0);
    writeFileSync(dump, stdout);
  }

  /** What the server was asked while `work` went on. */
  async function askedBy(work: () => Promise<unknown>): Promise<string[]> {
    const before = world.plane.audit().length;
    await work();
    const events = world.plane
      .audit()
      .slice(before)
      .filter(({ userAgent }) => userAgent === 'sallyport');
    return events.map(({ verb, requestURI }) => `${verb} ${requestURI}`).sort();
  }

  test.each([
    ['matrix'],
    ['matrix --denied'],
    ['matrix -n shop --denied'],
    ['ruleset --node n2'],
    ['docs'],
  ])('%s answers as it does from files', async (line) => {
    const [live, files] = [
      await world.sallyport(...line.split(' '), '-o', 'json'),
      await world.sallyport(...line.split(' '), '-o', 'json', '-f', dump),
    ];
    expect(jsonOf(live)).toEqual(jsonOf(files));
    expect(live.code).toBe(files.code);
    expect(live.stdout.length).toBeGreaterThan(500);
  });

  test('lint finds what it finds in files, and what only a whole cluster tells', async () => {
    const vague = { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'nobody' } } }] }] };
    await world.plane.create([policy('shop', 'vague', vague)]);
    await writeDump();
    const [live, files] = [await world.sallyport('lint', '-o', 'json'), await world.sallyport('lint', '-o', 'json', '-f', dump)];
    expect([live.code, live.stderr, files.code, files.stderr]).toEqual([1, '', 1, '']);
    const found = ({ stdout }: Ran): unknown[] =>
      (JSON.parse(stdout) as { findings: object[] }).findings.map((finding) => ({ ...finding, source: 0, related: 0, fix: 0 }));
    expect(found(live)).toEqual(expect.arrayContaining(found(files)));
    expect(found(live)).toContainEqual(
      expect.objectContaining({ code: 'ns-selector-no-match', policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'vague' } }),
    );
    await world.kubectl('delete', 'networkpolicy', '-n', 'shop', 'vague');
    await writeDump();
  });

  test('topmost owners are those that files tell', async () => {
    const { stdout } = await world.sallyport('matrix', '-o', 'json');
    const ids = (JSON.parse(stdout) as { endpoints: { id: string }[] }).endpoints.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['shop/Deployment/web', 'shop/Rollout/canary', 'pay/StatefulSet/db', 'shop/Pod/client']));
    const report = await world.sallyport('check', '--from', 'pay/cronjob/report', '--to', 'pay/db-0', '--port', '1', '-o', 'json');
    expect(JSON.parse(report.stdout)).toMatchObject({ from: { id: 'pay/CronJob/report' } });
  });

  const ends = [
    'shop/deployment/web',
    'shop/client',
    'shop/rollout/canary',
    'shop/starting',
    'pay/db-0',
    'watch/prometheus',
    'watch/exporter',
  ];
  const questions = ends.flatMap((from) =>
    [...ends, 'shop/service/web', 'pay/service/db'].map((to) => ({ from, to, port: to.endsWith('web') ? 80 : 5432 })),
  );

  test('a narrow question, a wide one and files have one answer', async () => {
    const others = ['internet', '203.0.113.1', 'node:n1', 'apiserver'].map((from) => ({ from, to: 'shop/deployment/web', port: 8080 }));
    const flows = [...questions.filter(({ from, to }) => from !== to), ...others];
    const file = join(world.folder, 'flows.json');
    writeFileSync(file, JSON.stringify(flows));
    const wide = await world.sallyport('check', '--flows', file, '-o', 'json');
    const files = await world.sallyport('check', '--flows', file, '-o', 'json', '-f', dump);
    expect(jsonOf(wide)).toEqual(jsonOf(files));
    expect(wide.code).toBe(1);
    // A sample of single questions: each is a process.
    const answers = jsonOf(wide) as object[];
    for (const [index, { from, to, port }] of flows.entries()) {
      if (index % 5 !== 0) continue;
      const one = await world.sallyport('check', '--from', from, '--to', to, '--port', String(port), '-o', 'json');
      expect(jsonOf(one)).toEqual(answers[index]);
    }
  });

  test('what kubectl would apply is compared with what is there', async () => {
    const file = join(world.folder, 'open.json');
    writeFileSync(file, JSON.stringify(policy('pay', 'open', { podSelector: { matchLabels: { app: 'db' } }, ingress: [{}] })));
    const [live, files] = [
      await world.sallyport('diff', '-f', file, '-o', 'json'),
      await world.sallyport('diff', dump, `${dump}+${file}`, '-o', 'json'),
    ];
    expect(jsonOf(live)).toEqual(jsonOf(files));
    expect([live.code, files.code]).toEqual([1, 1]);
    const { objects, added } = JSON.parse(live.stdout) as { objects: { object: { name: string } }[]; added: { to: string }[] };
    expect(objects.map(({ object }) => object.name)).toEqual(['open']);
    expect(new Set(added.map(({ to }) => to))).toEqual(new Set(['pay/StatefulSet/db']));
    const beside = await world.sallyport('diff', file, file, '--with', 'cluster');
    expect(beside).toEqual({ code: 0, stderr: '', stdout: 'no connection is gained, lost or changed\n' });
  });

  test('a question between two pods asks for their namespaces only, and for no more kinds than it needs', async () => {
    const asked = await askedBy(() => world.sallyport('check', '--from', 'shop/client', '--to', 'pay/db-0', '--port', '5432'));
    expect(asked).toEqual([
      'get /api/v1/namespaces/pay',
      'get /api/v1/namespaces/shop',
      'get /apis/policy.networking.k8s.io',
      'list /api/v1/namespaces/pay/pods?limit=500',
      'list /api/v1/namespaces/shop/pods?limit=500',
      'list /apis/apps/v1/namespaces/shop/replicasets?limit=500',
      'list /apis/batch/v1/namespaces/pay/jobs?limit=500',
      'list /apis/networking.k8s.io/v1/namespaces/pay/networkpolicies?limit=500',
      'list /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?limit=500',
    ]);
    const throughService = await askedBy(() => world.sallyport('check', '--from', 'pay/db-0', '--to', 'pay/svc/db', '--port', '5432'));
    expect(throughService).toContain('list /api/v1/namespaces/pay/services?limit=500');
    expect(throughService.join()).not.toContain('shop');
  });

  test('a pod without an address has everything read', async () => {
    const asked = await askedBy(() => world.sallyport('check', '--from', 'shop/starting', '--to', 'shop/client', '--port', '80'));
    expect(asked).toContain('list /api/v1/namespaces/shop/pods?limit=500');
    expect(asked).toContain('list /api/v1/pods?limit=500');
    expect(asked).toContain('list /api/v1/nodes?limit=500');
  });

  test('nothing but reading was ever asked of the server', () => {
    const events = world.plane.audit().filter(({ userAgent }) => userAgent === 'sallyport');
    expect(events.length).toBeGreaterThan(50);
    expect(new Set(events.map(({ verb }) => verb))).toEqual(new Set(['get', 'list']));
  });

  test('of many namespaces a few are asked for at a time', async () => {
    using door = await Door.open(world.plane, (path) => sleep(20, path));
    const file = join(world.folder, 'wide.json');
    writeFileSync(file, JSON.stringify(Array.from({ length: 20 }, (_, index) => ({ from: `n${index}/a`, to: 'shop/client', port: 80 }))));
    const { code, stderr } = await world.sallyport('check', '--flows', file, '-s', door.url);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${file}:1:2: unknown endpoint \`n0/a\`: there is no namespace n0\n` });
    expect(door.seen.length).toBeGreaterThan(60);
    expect(door.most).toBe(8);
  });

  test('a server that is busy is asked again when it says, and not for ever', async () => {
    let busy = 2;
    using door = await Door.open(world.plane, (path) => (path.includes('/pods') && busy-- > 0 ? 0 : path));
    const question = ['check', '--from', 'shop/client', '--to', 'shop/deployment/web', '--port', '8080', '-s', door.url];
    expect((await world.sallyport(...question)).code).toBe(0);
    expect(door.seen.filter(({ status }) => status === 429)).toHaveLength(2);
    busy = 1000;
    const start = performance.now();
    expect(await world.sallyport(...question)).toMatchObject({ code: 2, stderr: expect.stringContaining(' gave 429') });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  describe('with many pods', () => {
    const crowd = 1234;
    beforeAll(async () => {
      const pods = Array.from({ length: crowd }, (_, index) =>
        pod('empty', `p-${index}`, { labels: { app: `a${index % 3}` }, ip: `10.245.${index >> 8}.${index & 255}`, node: 'n1' }),
      );
      await world.plane.create(pods);
    });

    const podsIn = ({ stdout }: Ran): number =>
      (JSON.parse(stdout) as { endpoints: { pods?: number; namespace?: string }[] }).endpoints
        .filter(({ namespace }) => namespace === 'empty')
        .reduce((sum, { pods = 0 }) => sum + pods, 0);

    test('a list comes in pages, and none is missed', async () => {
      let ran: Ran | undefined;
      const asked = await askedBy(async () => {
        ran = await world.sallyport('matrix', '-o', 'json');
      });
      expect(podsIn(ran!)).toBe(crowd);
      expect(asked.filter((request) => request.startsWith('list /api/v1/pods?limit=500'))).toHaveLength(3);
    });

    test('a list that the server has forgotten meanwhile is read again from its beginning', async () => {
      await compact(world.plane);
      let isOld = true;
      using door = await Door.open(world.plane, (path) => {
        const isNext = path.startsWith('/api/v1/pods?') && path.includes('continue=');
        if (!isNext || !isOld) return path;
        isOld = false;
        return withOldToken(path);
      });
      const ran = await world.sallyport('matrix', '-o', 'json', '-s', door.url);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(podsIn(ran)).toBe(crowd);
      const pages = door.seen.filter(({ path }) => path.startsWith('/api/v1/pods?'));
      expect(pages.map(({ status }) => status)).toEqual([200, 410, 200, 200, 200]);
    });

    test('a list that the server forgets every time is asked for whole', async () => {
      using door = await Door.open(world.plane, withOldToken);
      const ran = await world.sallyport('matrix', '-o', 'json', '-s', door.url);
      expect(podsIn(ran)).toBe(crowd);
      expect(door.seen).toContainEqual({ path: '/api/v1/pods', status: 200 });
    });

    test('a terminal shows how far it is, and nothing of that stays', async () => {
      using door = await Door.open(world.plane, (path) => sleep(250, path));
      const question = `sallyport check -s ${door.url} --from node:n1 --to shop/client --port 80`;
      const { stdout } = await world.bash(`script -qec "${question}" /dev/null`, { TERM: 'xterm' });
      const shown = stdout.slice(0, stdout.indexOf('allowed'));
      expect(shown).toContain(`reading the cluster at ${door.url}`);
      expect(shown).toMatch(/: \d{3,} of \d{4} objects/);
      expect(shown.slice(shown.lastIndexOf('objects'))).toContain('\r\u001b[K');
      expect((await world.bash(question)).stderr).toBe('');
    });
  });

  test('a cluster-wide policy decides, once its kind is there, as it does from files', async () => {
    const question = ['check', '--from', 'watch/prometheus', '--to', 'empty/p-1', '--port', '80', '-o', 'json', '--no-advice'];
    const before = await world.sallyport(...question);
    await world.plane.create([clusterPolicyKind]);
    await world.plane.until(async () => (await world.plane.send('GET', '/apis/policy.networking.k8s.io/v1alpha2')).status === 200);
    expect(await world.sallyport(...question)).toEqual(before);
    const isolating = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'isolate' },
      spec: {
        tier: 'Admin',
        priority: 1,
        subject: { namespaces: {} },
        ingress: [{ name: 'none', action: 'Deny', from: [{ namespaces: {} }] }],
      },
    };
    await world.plane.until(
      async () =>
        (await world.plane.send('POST', '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies', isolating)).status === 201,
    );
    await writeDump();
    const file = join(world.folder, 'isolate.json');
    writeFileSync(file, JSON.stringify(isolating));
    const [live, files] = [await world.sallyport(...question), await world.sallyport(...question, '-f', dump, '-f', file)];
    expect([before.code, live.code]).toEqual([0, 1]);
    expect(jsonOf(live)).toEqual(jsonOf(files));
  });

  test('a policy that is made while we speak is in the next answer', async () => {
    const question = ['check', '--from', 'watch/prometheus', '--to', 'empty/p-1', '--port', '80'];
    await world.plane.send(
      'DELETE',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusternetworkpolicies.policy.networking.k8s.io',
    );
    await world.plane.until(async () => (await world.plane.send('GET', '/apis/policy.networking.k8s.io')).status === 404);
    expect((await world.sallyport(...question)).code).toBe(0);
    await world.plane.create([policy('empty', 'deny', { podSelector: {} })]);
    expect((await world.sallyport(...question)).code).toBe(1);
  });
});
