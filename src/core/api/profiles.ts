import { type ChoiceName, type Choices, defaultChoices } from './choices.ts';

/** What one implementation of NetworkPolicy is known to do where Kubernetes leaves a choice, or where it departs from what is demanded. */
export interface Profile {
  /** The implementation, as its people write it, with what the entry is about. */
  readonly title: string;
  /** What is known; a choice that is not listed is not known of this implementation. */
  readonly choices: Partial<Choices>;
  /** Where it is known from: documentation, issues, sources. */
  readonly sources: readonly string[];
}

/**
 * Implementations by the names of `--profile`. `spec` is the specification with our own choices, which is what our agent enforces. Facts are
 * those of late 2026; `docs/profiles.md` is written from this list.
 */
export const profiles = {
  spec: { title: 'The Kubernetes specification, and Sallyport itself', choices: defaultChoices, sources: ['docs/semantics.md section 10'] },
  calico: {
    title: 'Calico, iptables and nftables data planes',
    choices: {
      'ipblock-pods': 'match',
      'ipblock-nodes': 'match',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'terminal-pods': 'ignored',
      established: 'keep',
    },
    sources: [
      'https://github.com/projectcalico/calico/issues/6634 (blocks match pods)',
      'https://docs.tigera.io/calico/latest/reference/felix/configuration (DefaultEndpointToHostAction comes after the egress policy of the pod)',
      'https://github.com/projectcalico/calico/issues/2759 (established connections go on)',
    ],
  },
  cilium: {
    title: 'Cilium, default configuration',
    choices: {
      'ipblock-pods': 'ignore',
      'ipblock-nodes': 'ignore',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'service-hairpin': 'allow',
      'terminal-pods': 'ignored',
      established: 'cut',
    },
    sources: [
      'https://github.com/cilium/cilium/issues/9209 (blocks do not match pods)',
      'https://github.com/cilium/cilium/issues/20550 (nor nodes, unless policyCIDRMatchMode holds nodes)',
      'https://docs.cilium.io/en/stable/network/kubernetes/policy/',
    ],
  },
  'kube-network-policies': {
    title: 'kube-network-policies of SIG Network, and kindnet, which embeds it',
    choices: {
      'ipblock-pods': 'match',
      'ipblock-nodes': 'match',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'service-hairpin': 'policy',
      'terminal-pods': 'ignored',
      'duplicate-port-name': 'any',
      'sidecar-named-ports': 'no',
      'named-port-with-ipblock': 'resolve-on-pod',
      'baseline-skip': 'any-direction',
      established: 'cut',
    },
    sources: ['https://github.com/kubernetes-sigs/kube-network-policies (pkg/networkpolicy, pkg/dataplane/controller.go)'],
  },
  'kube-router': {
    title: 'kube-router, and k3s and k0s, which embed it',
    choices: {
      'ipblock-pods': 'match',
      'ipblock-nodes': 'match',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'terminal-pods': 'ignored',
      'named-port-with-ipblock': 'never',
      established: 'keep',
    },
    sources: ['https://github.com/cloudnativelabs/kube-router (pkg/controllers/netpol)'],
  },
  antrea: {
    title: 'Antrea',
    choices: {
      'ipblock-pods': 'match',
      'ipblock-nodes': 'match',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'service-hairpin': 'allow',
      'terminal-pods': 'ignored',
      established: 'keep',
    },
    sources: ['https://antrea.io/docs/ (antrea-network-policy: established connections; hairpin with AntreaProxy)'],
  },
  'ovn-kubernetes': {
    title: 'OVN-Kubernetes',
    choices: {
      'ipblock-pods': 'match',
      'ipblock-nodes': 'match',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'service-hairpin': 'allow',
      'terminal-pods': 'ignored',
    },
    sources: ['https://github.com/ovn-kubernetes/ovn-kubernetes/issues/3500 (hairpin is always allowed)'],
  },
  aws: {
    title: 'Amazon VPC CNI with its network policy agent',
    choices: {
      'ipblock-pods': 'match',
      'ipblock-nodes': 'match',
      hostnetwork: 'node',
      'own-node-egress': 'policy',
      'terminal-pods': 'ignored',
    },
    sources: ['https://github.com/aws/aws-network-policy-agent'],
  },
} as const satisfies Record<string, Profile>;

/** The name of a profile. */
export type ProfileName = keyof typeof profiles;
/** All of them. */
export const profileNames = Object.keys(profiles) as readonly ProfileName[];

/** The choices of a profile, defaults where it is silent, and the names of those that it settles. */
export function choicesOfProfile(name: ProfileName): { readonly choices: Choices; readonly settled: ReadonlySet<ChoiceName> } {
  const known: Partial<Choices> = profiles[name].choices;
  return { choices: { ...defaultChoices, ...known }, settled: new Set(Object.keys(known) as ChoiceName[]) };
}

/** The implementations that are known to have the value of a choice. */
export function profilesWith(choice: ChoiceName, value: string): ProfileName[] {
  return profileNames.filter((name) => name !== 'spec' && (profiles[name].choices as Partial<Choices>)[choice] === value);
}
