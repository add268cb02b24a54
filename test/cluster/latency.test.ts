import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from './control-plane.ts';
import { now, Probes } from './probes.ts';
import { programs } from './programs.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod } from './world.ts';

const reason = cannotUseCluster();
const rounds = 12;

describe.skipIf(reason !== undefined)(`how soon a policy is felt on a real cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let client: RunningPod;
  let server: RunningPod;

  beforeAll(async () => {
    world = new ClusterWorld('latency');
    [client, server] = await world.startPair();
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const ingressFrom = (name: string, app: string): Manifest =>
    policy(name, { podSelector: { matchLabels: { app: 'server' } }, ingress: [{ from: [{ podSelector: { matchLabels: { app } } }] }] });

  /** Applies a policy with kubectl; the moment when it said that this was done. */
  const apply = (manifest: Manifest): Promise<number> =>
    new Promise((resolve, reject) => {
      const [program = '', ...words] = world.cluster.words(join(programs, 'kubectl'), '-n', world.namespace, 'apply', '-f', '-');
      const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
      let said: number | undefined;
      child.stdout.once('data', () => {
        said = now();
      });
      child.once('close', (code) => (code === 0 && said !== undefined ? resolve(said) : reject(new Error(`kubectl ended with ${code}`))));
      child.stdin.end(JSON.stringify(manifest));
    });

  test.each([0, 500, 3000])('a deny is felt by the next connection, with %i other policies on the pod', async (others) => {
    await apply(ingressFrom('client', 'client'));
    const missing = Array.from({ length: others }, (_, index) => ingressFrom(`other-${index}`, `other-${index % 100}`));
    for (let start = 0; start < others; start += 500) world.apply(...missing.slice(start, start + 500));
    await using probing = new Probes(client.namespace, 2, [`${server.address}:80`]);
    await probing.first(true, 0);
    const felt: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const denied = await apply(ingressFrom('client', 'nobody'));
      await probing.first(false, denied);
      await sleep(500);
      const last = probing.results.findLast(({ isOpen }) => isOpen)!;
      felt.push(Math.max(0, last.begun - denied));
      const allowed = await apply(ingressFrom('client', 'client'));
      await probing.first(true, allowed);
      probing.results.length = 0;
    }
    felt.sort((a, b) => a - b);
    const median = felt[rounds / 2]!;
    console.log(
      `${others} other policies: a deny was felt ${median.toFixed(0)} ms after kubectl had said so (median), ${felt.at(-1)!.toFixed(0)} ms at worst`,
    );
    expect(median).toBeLessThan(150);
  });
});
