import { closeSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKernel } from '#agent/nft-kernel.ts';
import { Reconciler } from '#agent/reconciler.ts';
import { defaultChoices } from '#core/api/choices.ts';
import { decodeObject } from '#core/api/decode.ts';
import { denialsIn } from '#core/ruleset/census.ts';
import { CounterReader } from '#dataplane/counters.ts';
import { createNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';

describe.skipIf(process.getuid?.() !== 0)('counters read over netlink (needs root)', () => {
  let namespace: number;
  let reader: CounterReader;
  beforeAll(() => {
    namespace = createNamespace();
    reader = new CounterReader({ family: 'inet', name: 't' }, namespace);
  });
  afterAll(() => {
    reader.close();
    closeSync(namespace);
  });
  const nft = (script: string): Promise<string> => runNft({ namespace }, ['-f', '-'], script);

  test('there are none where there is no table', async () => {
    expect(await reader.read()).toEqual(new Map());
  });

  test('those of one table, with what they have counted, and nothing else that has a name', async () => {
    await nft('table inet t { counter a { packets 7 bytes 700 }; counter b { packets 5000000000 bytes 1 }; quota q { over 5 mbytes; }; }');
    await nft('table inet other { counter c { packets 9 bytes 9 }; }');
    expect(await reader.read()).toEqual(
      new Map([
        ['a', 7],
        ['b', 5_000_000_000],
      ]),
    );
  });

  test('thousands, in turns, and once for all who ask at the same time', async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `many-${index}`);
    await nft(names.map((name, index) => `add counter inet t ${name} { packets ${index} bytes 0 }`).join('\n'));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const [first, second] = await Promise.all([reader.read(), reader.read()]);
    clearInterval(timer);
    expect(first).toBe(second);
    expect(first.size).toBe(3002);
    expect(first.get('many-2999')).toBe(2999);
    expect(turns).toBeGreaterThan(0);
  });

  test('are told of before the reconcile loop removes them', async () => {
    await nft('flush ruleset');
    const kernel = openKernel(namespace);
    const removed: string[][] = [];
    let passed = (): void => undefined;
    const reconciler = new Reconciler({
      node: 'n1',
      choices: defaultChoices,
      kernel,
      markMask: 0,
      witness: false,
      auditInterval: 0,
      retryInterval: 1000,
      onRemoval: async () => void removed.push([...(await kernel.counters()).keys()]),
      onApplied: () => passed(),
    });
    const apply = (version: number, ...manifests: object[]): Promise<void> => {
      const objects = manifests.flatMap((manifest) => decodeObject(manifest).objects);
      const done = new Promise<void>((resolve) => {
        passed = resolve;
      });
      reconciler.offer(
        objects.map((object) => ({ type: 'put', object })),
        version,
      );
      return done;
    };
    const policy = (name: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name },
      spec: { podSelector: {} },
    });
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'shop', name: 'web' },
      spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'main' }] },
      status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] },
    };
    reconciler.synced();
    await apply(1, pod, policy('one'));
    const [ofOne] = denialsIn(reconciler.ruleset.objects()).keys();
    expect([...(await kernel.counters()).keys()]).toContain(ofOne);
    await apply(2, policy('two'));
    expect(removed).toEqual([expect.arrayContaining([ofOne])]);
    expect((await kernel.counters()).has(ofOne!)).toBe(false);
    expect(kernel.transactions.nft.committed).toBeGreaterThan(0);
    await reconciler.stop();
    kernel.close();
  });
});
