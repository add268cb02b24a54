import { type Choices, defaultChoices } from '#core/api/choices.ts';
import type { NetworkPolicy, Peer, Pod } from '#core/api/types.ts';
import { clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { everything, selector } from '#core/label/selector.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { printTable } from '#core/ruleset/print.ts';
import type { RulesetObject } from '#core/ruleset/types.ts';
import { client, server } from './wire.ts';

const namespaces = 10;
const app = (name: string) => selector([{ key: 'app', operator: 'In', values: [name] }]);
const pods = (name: string): Peer => ({ kind: 'pods', pods: app(name) });

/** A hundred pods of the node in ten namespaces; the two that are measured are the first two, in one of them. */
const localPods: readonly Pod[] = Array.from({ length: 100 }, (_, index) => ({
  kind: 'Pod',
  namespace: `team-${index < 2 ? 0 : index % namespaces}`,
  name: `pod-${index}`,
  labels: { app: index === 0 ? 'client' : index === 1 ? 'server' : `app-${index % 7}` },
  addresses: [index === 0 ? client : index === 1 ? server : `10.244.0.${index + 1}`],
  assumedAddress: false,
  node: 'node',
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
}));

/** Default deny in every namespace, what the measured flow needs, and rules of many kinds besides: so many in all. */
function policies(count: number): NetworkPolicy[] {
  return Array.from({ length: count }, (_, index) => {
    const namespace = `team-${index % namespaces}`;
    const turn = Math.floor(index / namespaces);
    const base = { kind: 'NetworkPolicy', namespace, name: `policy-${index}` } as const;
    if (turn === 0 && index === 0) {
      const ports = [
        { kind: 'range', protocol: 'TCP', first: 8080, last: 8080 },
        { kind: 'range', protocol: 'UDP', first: 8080, last: 8080 },
      ] as const;
      const open = { ports };
      return {
        ...base,
        subject: everything,
        ingress: [{ ...open, peers: [pods('client')] }],
        egress: [{ ...open, peers: [pods('server')] }],
      };
    }
    if (turn === 0) return { ...base, subject: everything, ingress: [], egress: [] };
    const port = 1 + (turn % 60000);
    return {
      ...base,
      // Some select all pods of the namespace, the measured ones too, others a few.
      subject: turn % 3 === 0 ? everything : app(`app-${turn % 7}`),
      ingress: [{ peers: [pods(`app-${turn % 11}`)], ports: [{ kind: 'range', protocol: 'TCP', first: port, last: port }] }],
      egress: [{ peers: [pods(`app-${turn % 13}`)], ports: [{ kind: 'range', protocol: 'TCP', first: port, last: port + (turn % 5) }] }],
    };
  });
}

/** The table of the node under so many policies, as a script. */
export function tableWith(
  count: number,
  { markMask = 0xff000000, choices = {}, dropLog }: { markMask?: number; choices?: Partial<Choices>; dropLog?: number } = {},
): string {
  const settled = { ...defaultChoices, ...choices };
  const model = new PolicyModel(settled);
  const ruleset = new NodeRuleset(model, 'node', { choices: settled, markMask, witness: false, ...(dropLog !== undefined && { dropLog }) });
  ruleset.update(model.update(differenceOf(emptyCluster, clusterOf([...localPods, ...policies(count)]))));
  for (const again of [false, true]) {
    if (again) ruleset.marksCleared();
    const plan = ruleset.plan()!;
    plan.prepared();
    plan.switched();
    plan.cleaned();
  }
  const objects: Iterable<RulesetObject> = ruleset.objects();
  return printTable(objects);
}
