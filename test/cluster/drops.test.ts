import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Drop } from '#core/verdict/drop.ts';
import { run, succeeds } from './commands.ts';
import { clone } from './programs.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod } from './world.ts';

const reason = cannotUseCluster();

describe.skipIf(reason !== undefined)(`drops and audit on a real cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let client: RunningPod;
  let server: RunningPod;

  beforeAll(async () => {
    world = new ClusterWorld('drops');
    [client, server] = await world.startPair();
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const sallyport = (...words: string[]): string => run(world.cluster.words(join(clone, 'bin/sallyport'), ...words));
  const connects = (): boolean =>
    succeeds(['nsenter', `--net=${client.namespace}`, 'timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${server.address}/80`]);
  /** What all agents have kept of this namespace, asked through the API server. */
  const dropsOf = (...words: string[]): Drop[] =>
    sallyport('drops', '--once', '-n', world.namespace, '-o', 'json', ...words)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Drop)
      .filter((line) => 'policies' in line);
  const deny = (annotations: object = {}) => {
    const { metadata, ...rest } = policy('deny', { podSelector: { matchLabels: { app: 'server' } } });
    return { ...rest, metadata: { ...metadata, annotations } };
  };

  test('what would be denied passes and is told, while the policy is in audit', () => {
    world.apply(deny({ 'sallyport.dev/audit': 'true' }));
    // It is not enforced, and `wait` would wait for that: its generation is known when `status` says audit.
    const gap = (): boolean => answerOf('status', `${world.namespace}/deny`).includes('has it in audit');
    for (const deadline = Date.now() + 20_000; !gap() && Date.now() < deadline; );
    expect(connects()).toBe(true);
    const [drop] = waitFor(() => dropsOf('--audit'));
    expect(drop).toMatchObject({ audit: true, direction: 'ingress', node: 'node2', policies: [expect.objectContaining({ name: 'deny' })] });
    expect(dropsOf('--no-audit')).toEqual([]);
  });

  test('what is denied is told with who denies it', () => {
    world.apply(deny());
    sallyport('wait', `${world.namespace}/deny`, '--timeout', '30s');
    expect(connects()).toBe(false);
    const [drop] = waitFor(() => dropsOf('--no-audit', '--policy', `${world.namespace}/deny`));
    expect(drop).toMatchObject({ direction: 'ingress', node: 'node2', protocol: 'TCP', port: 80 });
    expect(sallyport('drops', '--once', '-n', world.namespace)).toContain(`${world.namespace}/deny`);
  });

  /** The output of a command that may answer no. */
  const answerOf = (...words: string[]): string =>
    run(world.cluster.words('sh', '-c', '"$0" "$@" || true', join(clone, 'bin/sallyport'), ...words));
  const waitFor = (ask: () => Drop[]): Drop[] => {
    for (const deadline = Date.now() + 15_000; ; ) {
      const found = ask();
      if (found.length > 0 || Date.now() > deadline) return found;
    }
  };
});
