import { type ChoiceName, choices as settings } from '../api/choices.ts';
import { type ProfileName, profilesWith } from '../api/profiles.ts';
import { isFinished } from '../api/types.ts';
import { podsOf } from '../cluster/cluster.ts';
import { protocols } from '../net/protocol.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import type { Analysis } from './analysis.ts';
import { podsMeant } from './endpoint.ts';
import { addressesMeant, addressesOfPod } from './ends.ts';
import { type EndpointPair, judgePair } from './outcome.ts';

/** How sure a verdict is: `cni-dependent` where network plugins decide otherwise, `undefined` where nothing is specified: of the protocol, or of the order of policies. */
export interface Certainty {
  readonly certainty: 'defined' | 'undefined' | 'cni-dependent';
  /** The choices that decide, in their order. */
  readonly choices: readonly ChoiceName[];
  /** Of a verdict that depends on the network plugin: what each value of a choice that decides would make of it, and who is known to have it. */
  readonly opinions: readonly Opinion[];
}

/** What one value of a choice makes of a verdict. */
export interface Opinion {
  readonly choice: ChoiceName;
  readonly value: string;
  readonly allowed: boolean;
  /** Names of profiles. */
  readonly profiles: readonly ProfileName[];
}

/** Whether a verdict holds whatever network plugins do: every choice that could matter here and is not settled is put to the test. */
export function certaintyOf(analysis: Analysis, pair: EndpointPair, allowed: boolean): Certainty {
  if (!protocols.some((protocol) => protocol === pair.protocol)) return { certainty: 'undefined', choices: ['other-l4'], opinions: [] };
  const open = relevantChoices(analysis, pair).filter((name) => !analysis.settled.has(name));
  const opinions = open.flatMap((name) => {
    const others = settings[name].map((value): Opinion => {
      const isOurs = value === analysis.model.choices[name];
      return {
        choice: name,
        value,
        allowed: isOurs ? allowed : isAllowedWith(analysis, pair, name, value),
        profiles: profilesWith(name, value),
      };
    });
    return others.some((opinion) => opinion.allowed !== allowed) ? others : [];
  });
  const deciding = [...new Set(opinions.map(({ choice }) => choice))];
  return { certainty: deciding.length > 0 ? 'cni-dependent' : 'defined', choices: deciding, opinions };
}

function isAllowedWith(analysis: Analysis, pair: EndpointPair, name: ChoiceName, value: string): boolean {
  const choices = { ...analysis.model.choices, [name]: value };
  // The model depends on some choices and the judgement on the others; compiling anew is needed for the former only.
  const model = compiledChoices.includes(name) ? analysis.under(choices) : analysis.model;
  return judgePair({ cluster: analysis.cluster, model }, pair, choices).every(({ verdict }) => verdict.allowed);
}

/** The choices that a model is compiled with. */
export const compiledChoices: readonly ChoiceName[] = [
  'hostnetwork',
  'terminal-pods',
  'duplicate-port-name',
  'sidecar-named-ports',
  'baseline-skip',
];

/** Whether an address that is meant is one of a pod in the network of its node: as a pod, it would have it alone. */
function meansHostPod({ cluster, model }: Analysis, endpoints: readonly EndpointPair['from'][]): boolean {
  const addresses = hostAddresses({ cluster, model });
  return addresses.size > 0 && endpoints.some((endpoint) => addressesMeant(model, endpoint).some((address) => addresses.has(address)));
}

/** The addresses of pods in the network of their nodes, found once for a cluster: lists of flows ask for each of them. */
function hostAddresses({ cluster, model }: Pick<Analysis, 'cluster' | 'model'>): ReadonlySet<string> {
  return getOrMake(knownHosts, cluster, () => {
    const hosts = [...podsOf(cluster)].filter(({ hostNetwork }) => hostNetwork);
    return new Set(hosts.flatMap((pod) => addressesOfPod(model, pod)));
  });
}

const knownHosts = new WeakMap<Analysis['cluster'], ReadonlySet<string>>();

function relevantChoices(analysis: Analysis, { from, to }: EndpointPair): ChoiceName[] {
  const { model } = analysis;
  const pods = [from, to].flatMap(podsMeant);
  const ports = podsMeant(to).flatMap((pod) => pod.ports);
  const names = podsMeant(to).map((pod) =>
    pod.ports.filter((port) => port.name !== undefined).map((port) => `${port.protocol} ${port.name}`),
  );
  return [
    'ipblock-pods',
    'ipblock-nodes',
    ...(pods.some(({ hostNetwork }) => hostNetwork) || meansHostPod(analysis, [from, to]) ? (['hostnetwork'] as const) : []),
    'own-node-egress',
    'service-hairpin',
    ...(pods.some(isFinished) ? (['terminal-pods'] as const) : []),
    'named-port-with-ipblock',
    ...(names.some((list) => new Set(list).size < list.length) ? (['duplicate-port-name'] as const) : []),
    ...(ports.some(({ sidecar }) => sidecar) ? (['sidecar-named-ports'] as const) : []),
    ...([...model.policies.values()].some(({ tier }) => tier === 'Baseline') ? (['baseline-skip'] as const) : []),
  ];
}
