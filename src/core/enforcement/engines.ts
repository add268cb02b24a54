import { type Hindrance, type Opinion, problem, warning } from './examination.ts';
import { imageParts, type NodeFacts, type Workload, workloadId } from './surroundings.ts';

/** Another engine of network policy, as it shows in a cluster. Source: the manifests and charts that each project publishes. */
interface Engine {
  readonly name: string;
  /** The names of its workloads. */
  readonly workloads?: RegExp;
  /** Labels of its pods, as `key=value`. */
  readonly labels?: readonly string[];
  /** The last parts of the names of images that enforce. */
  readonly images?: RegExp;
  /** The API groups of its own kinds. */
  readonly groups?: readonly string[];
  /** Whether a workload is there and enforces nothing. */
  readonly isOff?: (workload: Workload) => boolean;
  /** Packets of pods take a way on which they meet no rule of nftables. */
  readonly bypasses?: true;
  /** How it is turned off. */
  readonly remedy: string;
}

const bypassRemedy = (name: string): string =>
  `let ${name} be the engine and Sallyport the analyser (docs/profiles.md), or have another network plugin: bridge, ptp, flannel`;

/** Those whose pods are those of another come after it. */
const engines: readonly Engine[] = [
  {
    name: 'GKE Dataplane V2',
    workloads: /^anetd(-|$)/,
    bypasses: true,
    remedy: 'make the cluster without Dataplane V2: it can not be turned off later; or let it be the engine, and Sallyport the analyser',
  },
  {
    name: 'Canal',
    workloads: /^(rke2-)?canal$/,
    labels: ['k8s-app=canal'],
    remedy: 'have flannel without Calico in place of Canal, and boot the nodes anew',
  },
  {
    name: 'Calico',
    workloads: /^(calico-(node|typha|kube-controllers)|tigera-operator)$/,
    labels: ['k8s-app=calico-node', 'k8s-app=calico-kube-controllers', 'k8s-app=tigera-operator'],
    images: /^(calico-|hardened-calico$)/,
    groups: ['crd.projectcalico.org', 'projectcalico.org'],
    remedy:
      "Calico can't be told to leave policy alone: have another network plugin, or let Calico be the engine and Sallyport the analyser",
  },
  {
    name: 'Cilium',
    workloads: /^cilium(-operator|-envoy)?$/,
    labels: ['k8s-app=cilium'],
    groups: ['cilium.io'],
    bypasses: true,
    remedy: bypassRemedy('Cilium'),
  },
  {
    name: 'Antrea',
    workloads: /^antrea-(agent|controller)$/,
    labels: ['app=antrea'],
    images: /^antrea-(agent|controller)(-|$)/,
    groups: ['crd.antrea.io'],
    bypasses: true,
    remedy: bypassRemedy('Antrea'),
  },
  {
    name: 'OVN-Kubernetes',
    workloads: /^ovnkube-(node|master|control-plane)/,
    labels: ['app=ovnkube-node', 'app=ovnkube-control-plane', 'app=ovnkube-master'],
    groups: ['k8s.ovn.org'],
    bypasses: true,
    remedy: bypassRemedy('OVN-Kubernetes'),
  },
  {
    name: 'Kube-OVN',
    workloads: /^kube-ovn-(cni|controller)$/,
    labels: ['app=kube-ovn-cni', 'app=kube-ovn-controller'],
    groups: ['kubeovn.io'],
    bypasses: true,
    remedy: bypassRemedy('Kube-OVN'),
  },
  {
    name: 'kube-router',
    workloads: /^kube-router$/,
    labels: ['k8s-app=kube-router'],
    images: /^kube-router$/,
    isOff: says('--run-firewall=false'),
    remedy: 'start kube-router with --run-firewall=false, and clean up what it left (kube-router --cleanup-config) or boot the nodes anew',
  },
  {
    name: 'Weave Net',
    workloads: /^weave-net$/,
    labels: ['name=weave-net'],
    images: /^weave-npc$/,
    isOff: ({ containers }) => !containers.some(({ name, image }) => name === 'weave-npc' || imageParts(image).name === 'weave-npc'),
    remedy: 'take the container weave-npc out of its DaemonSet and set EXPECT_NPC=0 for weave, then boot the nodes anew',
  },
  {
    name: 'kube-network-policies',
    workloads: /^kube-network-policies$/,
    labels: ['app=kube-network-policies', 'k8s-app=kube-network-policies'],
    images: /^kube-network-policies/,
    remedy: 'delete it, and its table: nft delete table inet kube-network-policies on every node',
  },
  {
    name: 'kindnet',
    workloads: /^kindnet$/,
    images: /^kindnetd$/,
    isOff: ({ containers }) => containers.every(({ image, words }) => isOldKindnet(image) || words.includes('--network-policy=false')),
    remedy: 'make the kind cluster with networking.disableDefaultCNI and another network plugin',
  },
  {
    name: 'the policy agent of the AWS VPC CNI',
    images: /^(aws-network-policy-agent|amazon-k8s-cni-network-policy-agent)$/,
    groups: ['networking.k8s.aws'],
    isOff: (workload) => !says('--enable-network-policy=true')(workload),
    remedy:
      "turn it off: enableNetworkPolicy false in the configuration of the add-on vpc-cni, which is the agent's --enable-network-policy",
  },
  {
    name: 'Azure Network Policy Manager',
    workloads: /^azure-npm/,
    labels: ['k8s-app=azure-npm'],
    images: /^azure-npm$/,
    remedy: 'az aks update --network-policy none, and boot the nodes anew',
  },
  {
    name: 'Romana',
    workloads: /^romana-(agent|listener)$/,
    labels: ['romana-app=agent'],
    remedy: 'remove it, and boot the nodes anew',
  },
];

/** Whether other engines work in the cluster: by their workloads, by their kinds, or inside k3s. */
export function otherEngines(workloads: readonly Workload[], groups: readonly string[], nodes: readonly NodeFacts[]): Opinion {
  const seen = engines.map((engine) => ({ engine, found: workloads.filter((workload) => engineOf(workload) === engine) }));
  const hindrances = seen.flatMap(({ engine, found }) => {
    const atWork = found.filter((workload) => engine.isOff?.(workload) !== true);
    if (atWork.length > 0) return [atWorkHere(engine, atWork)];
    const left = found.length > 0 ? [] : (engine.groups ?? []).filter((group) => groups.includes(group));
    return left.length > 0 && !hasSibling(engine, workloads) ? [kindsAlone(engine, left)] : [];
  });
  hindrances.push(...insideK3s(nodes));
  const off = seen.filter(({ engine, found }) => found.length > 0 && found.every((workload) => engine.isOff?.(workload) === true));
  const turnedOff = off.map(({ engine }) => `; that of ${engine.name} is turned off`).join('');
  return { summary: `${hindrances.length === 0 ? 'no other engine' : 'not the only engine'} of network policy${turnedOff}`, hindrances };
}

/** Whether an engine enforces the kinds of an API group here. */
export const isEnforced = (group: string, workloads: readonly Workload[]): boolean =>
  workloads.some((workload) => {
    const engine = engineOf(workload);
    if (engine === undefined || engine.isOff?.(workload) === true) return false;
    return engine.groups?.includes(group) === true || siblings[engine.name]?.includes(group) === true;
  });

/** The groups of engines of which others are made. */
const siblings: Readonly<Record<string, readonly string[]>> = {
  Canal: ['crd.projectcalico.org', 'projectcalico.org'],
  'GKE Dataplane V2': ['cilium.io', 'networking.gke.io'],
};

const hasSibling = ({ groups = [] }: Engine, workloads: readonly Workload[]): boolean =>
  groups.some((group) => isEnforced(group, workloads));

/** Whose workload it is. Its name and labels come before its images, which others use as well. */
function engineOf({ name, labels, containers }: Workload): Engine | undefined {
  const byName = engines.find(
    (engine) =>
      engine.workloads?.test(name) === true ||
      engine.labels?.some((label) => Object.entries(labels).some(([key, value]) => `${key}=${value}` === label)) === true,
  );
  return byName ?? engines.find(({ images }) => containers.some(({ image }) => images?.test(imageParts(image).name) === true));
}

function says(word: string): (workload: Workload) => boolean {
  return ({ containers }) => containers.some(({ words }) => words.includes(word));
}

/** Until August 2024 it enforced no policy. Source: the release notes of kind v0.24.0. */
function isOldKindnet(image: string): boolean {
  const [, date] = /^v(\d{8})-/.exec(imageParts(image).tag) ?? [];
  return date !== undefined && date < '20240813';
}

function atWorkHere({ name, bypasses, remedy }: Engine, found: readonly Workload[]): Hindrance {
  const pods = found.reduce((sum, workload) => sum + workload.pods, 0);
  const where = `${found.map(workloadId).join(', ')}: ${pods} pod${pods === 1 ? '' : 's'}`;
  const effect = bypasses
    ? 'it takes packets of pods along a way on which they meet no rule of nftables, so that Sallyport can not judge them'
    : 'connections have to please both, and what either drops is dropped';
  return problem(`${name} is at work (${where}): ${effect}`, remedy);
}

const kindsAlone = ({ name }: Engine, groups: readonly string[]): Hindrance =>
  warning(
    `the API has kinds of ${name} (${groups.join(', ')}), and no workload of it is seen: it is left of a removal, or whoever runs the cluster hides it`,
    'sallyport doctor on a node sees whether it is at work there; where it is not, delete its CustomResourceDefinitions',
  );

/** The engine that k3s has inside is no workload. Source: k3s.io/node-args, which k3s writes on its nodes; --disable-network-policy of k3s server. */
function insideK3s(nodes: readonly NodeFacts[]): Hindrance[] {
  const own = nodes.filter(({ kubelet }) => kubelet.includes('+k3s'));
  const servers = own.filter(({ k3s }) => k3s[0] === 'server');
  if (own.length === 0 || (servers.length > 0 && servers.every(({ k3s }) => isWithoutPolicy(k3s)))) return [];
  const remedy = 'start k3s server with --disable-network-policy, and boot the nodes anew: its rules stay in the kernel';
  if (servers.length === 0)
    return [warning(`k3s has an engine of its own inside (that of kube-router), and no server's node says that it is off`, remedy)];
  return [problem(`k3s enforces with an engine of its own (that of kube-router): connections have to please both`, remedy)];
}

const isWithoutPolicy = (words: readonly string[]): boolean => {
  const at = words.findIndex((word) => /^--disable-network-policy(=true)?$/.test(word));
  return at >= 0 && words[at + 1] !== 'false';
};
