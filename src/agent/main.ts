import { parseArgs } from 'node:util';
import { type Choices, parseChoices } from '#core/api/choices.ts';
import { Pool } from '#core/api/pool.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { unenforceableChoice } from '#core/ruleset/enforceable.ts';
import { defaultMarkMask } from '#core/ruleset/frame.ts';
import type { FromAgent, ToAgent } from './messages.ts';
import { openKernel } from './nft-kernel.ts';
import { Reconciler } from './reconciler.ts';

/**
 * The agent of one node as a process: changes come over the IPC channel of whoever started it, what was applied goes back. When the channel or the
 * process ends, the kernel goes on enforcing.
 */
function main(): void {
  const { values } = parseArgs({
    options: {
      node: { type: 'string' },
      witness: { type: 'boolean', default: false },
      'mark-mask': { type: 'string', default: String(defaultMarkMask) },
      'pod-interfaces': { type: 'string' },
      'audit-interval': { type: 'string', default: '300000' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  const choices = parseChoices(values.set);
  const fault = 'error' in choices ? choices.error : unenforceableChoice(choices);
  if (values.node === undefined || 'error' in choices || fault !== undefined || process.send === undefined) {
    process.stderr.write(`sallyport agent: ${fault ?? 'needs --node and an IPC channel'}\n`);
    process.exit(2);
  }
  run(values.node, choices, {
    markMask: Number(values['mark-mask']) >>> 0,
    witness: values.witness,
    auditInterval: Number(values['audit-interval']),
    ...(values['pod-interfaces'] !== undefined && { podInterfaces: values['pod-interfaces'] }),
  });
}

interface Settings {
  readonly markMask: number;
  readonly witness: boolean;
  readonly auditInterval: number;
  readonly podInterfaces?: string;
}

function run(node: string, choices: Choices, settings: Settings): void {
  const send = (message: FromAgent): void => void process.send?.(message);
  const kernel = openKernel();
  const reconciler = new Reconciler({
    ...settings,
    node,
    choices,
    kernel,
    retryInterval: 1000,
    onApplied: (applied) => send({ type: 'applied', ...applied }),
  });
  const pool = new Pool();
  process.on('message', (message: ToAgent) => {
    if (message.type === 'changes')
      reconciler.offer(
        message.changes.map((change) => sharing(pool, change)),
        message.version,
      );
    else if (message.type === 'synced') reconciler.synced();
    else reconciler.audit();
  });
  process.on('disconnect', async () => {
    await reconciler.stop();
    kernel.close();
  });
  send({ type: 'ready' });
}

/** The change with one copy of what its pod has in common with others: messages bring a copy each. */
function sharing(pool: Pool, change: ClusterChange): ClusterChange {
  if (change.type === 'delete' || change.object.kind !== 'Pod') return change;
  const { labels, ports, owner } = change.object;
  const shared = { labels: pool.labels(labels), ports: pool.ports(ports), ...(owner && { owner: pool.owner(owner) }) };
  return { type: 'put', object: { ...change.object, ...shared } };
}

main();
