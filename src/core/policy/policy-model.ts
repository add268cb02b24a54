import { type Choices, defaultChoices } from '../api/choices.ts';
import { namespaceNameLabel } from '../api/namespace.ts';
import {
  type ClusterNetworkPolicy,
  type ContainerPort,
  type Direction,
  isFinished,
  type KubernetesObject,
  type Node,
  type ObjectId,
  type Pod,
  qualifiedName,
} from '../api/types.ts';
import type { ClusterChange } from '../cluster/cluster.ts';
import { type Labels, labelsKey } from '../label/selector.ts';
import { AddressIndex } from './address-index.ts';
import { Compiler } from './compile.ts';
import { getOrMake } from './get-or-make.ts';
import {
  type AddressOwner,
  type CompiledPolicy,
  inOrderOfEvaluation,
  type Judged,
  type ModelDelta,
  type PodClass,
  type PodSet,
} from './model.ts';
import { NodePeers } from './node-peers.ts';
import { type MutableClass, type MutableSet, PodSets } from './pod-sets.ts';

type MutableDelta = {
  addresses: Set<string>;
  sets: Map<PodSet, Set<PodClass>>;
  gates: Set<PodClass>;
  nodes: Set<string>;
};

const emptyDelta = (): MutableDelta => ({ addresses: new Set(), sets: new Map(), gates: new Set(), nodes: new Set() });

/**
 * The compiled model of a cluster: fed with changes, read by the judges. The result depends on the objects alone, not on the
 * order in which they came.
 */
export class PolicyModel {
  readonly choices: Choices;
  readonly #classes = new Map<string, MutableClass>();
  readonly #policies = new Map<string, CompiledPolicy>();
  readonly #sets: PodSets;
  readonly #compiler: Compiler;
  readonly #nodePeers = new NodePeers();
  readonly #addresses = new AddressIndex((address) => this.#delta.addresses.add(address));
  readonly #classOf = new Map<Pod, MutableClass>();
  readonly #pods = new Map<string, Pod>();
  /** Of labels and declared ports, which pods that are alike mostly share: a pod more is not read again. */
  readonly #keys = new WeakMap<Labels, string>();
  readonly #counted = new WeakMap<readonly ContainerPort[], CountedPorts>();
  /** Namespaces whose policies are in audit, and how many policies say so themselves. */
  readonly #audited = new Set<string>();
  #audits = 0;
  #delta = emptyDelta();

  constructor(choices: Choices = defaultChoices) {
    this.choices = choices;
    this.#sets = new PodSets(choices, (set, podClass) => this.#noteMembership(set, podClass));
    this.#compiler = new Compiler(this.#sets, this.#nodePeers);
  }

  /** All classes, by key. */
  get classes(): ReadonlyMap<string, PodClass> {
    return this.#classes;
  }

  /** All policies, by `namespace/name`, cluster-wide ones by name. */
  get policies(): ReadonlyMap<string, CompiledPolicy> {
    return this.#policies;
  }

  /** Takes the changes in and says what they touched. */
  update(changes: readonly ClusterChange[]): ModelDelta {
    for (const change of changes) {
      if (change.type === 'put') this.#put(change.object);
      else this.#delete(change.id);
    }
    for (const policy of this.#nodePeers.stale) this.#putClusterPolicy(policy);
    const delta = this.#delta;
    this.#delta = emptyDelta();
    return delta;
  }

  /** The class of a pod object that this model holds, or undefined when the pod is no party to policy. */
  classOf(pod: Pod): PodClass | undefined {
    return this.#classOf.get(pod);
  }

  /** Who has the canonical address. */
  ownerOf(address: string): AddressOwner {
    const owner = this.#addresses.ownerOf(address);
    if (owner === undefined) return { kind: 'External' };
    if (owner.kind === 'Node') return { kind: 'Node', node: owner };
    return { kind: 'Pod', pod: owner, class: this.#classOf.get(owner)! };
  }

  /** The node of that name. */
  nodeOf(name: string): Node | undefined {
    return this.#addresses.nodeOf(name);
  }

  /** The names of all nodes. */
  get nodeNames(): Iterable<string> {
    return this.#addresses.nodeNames;
  }

  /** Whether the policy is not enforced, and only told of. Source: semantics.md section 11. */
  isAudited({ audit, subject }: Pick<CompiledPolicy, 'audit' | 'subject'>): boolean {
    return audit ?? ('namespace' in subject && this.#audited.has(subject.namespace));
  }

  /** Whether a policy may be in audit: without any, the two judgments are one. */
  get mayAudit(): boolean {
    return this.#audited.size > 0 || this.#audits > 0;
  }

  /** Whether any policy is enforced. */
  get enforces(): boolean {
    if (!this.mayAudit) return this.#policies.size > 0;
    for (const policy of this.#policies.values()) if (!this.isAudited(policy)) return true;
    return false;
  }

  /** The policies that select the class and have a say in the direction, in the order of evaluation. */
  policiesOf(podClass: PodClass, direction: Direction, judged: Judged = 'enforced'): CompiledPolicy[] {
    const policies: CompiledPolicy[] = [];
    let isSelected = false;
    for (const set of podClass.sets)
      for (const policy of set.subjectOf) {
        if (judged === 'enforced' && this.isAudited(policy)) continue;
        isSelected ||= policy.tier === 'NetworkPolicy';
        if (policy[direction] !== undefined) policies.push(policy);
      }
    const skipsBaseline = isSelected && this.choices['baseline-skip'] === 'any-direction';
    const counted = skipsBaseline ? policies.filter(({ tier }) => tier !== 'Baseline') : policies;
    return counted.sort(inOrderOfEvaluation);
  }

  /** The policies that have a say in either judgment. A policy of the Baseline tier may have one only where those in audit are not enforced. */
  policiesSpeaking(podClass: PodClass, direction: Direction): CompiledPolicy[] {
    const enforced = this.policiesOf(podClass, direction);
    return this.mayAudit ? [...new Set([...enforced, ...this.policiesOf(podClass, direction, 'all')])] : enforced;
  }

  #put(object: KubernetesObject): void {
    switch (object.kind) {
      case 'Namespace':
        this.#sets.setNamespace(object);
        this.#setAudit(object.name, object.audit === true);
        break;
      case 'Node':
        this.#addresses.setNode(object);
        this.#nodePeers.setNode(object.name, object);
        this.#delta.nodes.add(object.name);
        break;
      case 'Pod':
        this.#replacePod(qualifiedName(object), object);
        break;
      case 'NetworkPolicy':
        this.#replacePolicy(qualifiedName(object), this.#compiler.networkPolicy(object));
        break;
      case 'ClusterNetworkPolicy':
        this.#putClusterPolicy(object);
        break;
      case 'Service': // says nothing of policy
      case 'EndpointSlice':
        break;
    }
  }

  /** Takes note of whether a namespace has its policies in audit: it is another matter who isolates their subjects. */
  #setAudit(namespace: string, isAudited: boolean): void {
    if (this.#audited.has(namespace) === isAudited) return;
    if (isAudited) this.#audited.add(namespace);
    else this.#audited.delete(namespace);
    for (const { subject, subjects } of this.#policies.values())
      if ('namespace' in subject && subject.namespace === namespace)
        for (const podClass of subjects.classes) this.#delta.gates.add(podClass);
  }

  #putClusterPolicy(policy: ClusterNetworkPolicy): void {
    this.#nodePeers.setPolicy(policy.name, policy);
    this.#replacePolicy(policy.name, this.#compiler.clusterPolicy(policy));
  }

  #delete(id: ObjectId): void {
    switch (id.kind) {
      case 'Namespace':
        this.#sets.setNamespace({ kind: 'Namespace', name: id.name, labels: { [namespaceNameLabel]: id.name }, terminating: false });
        this.#setAudit(id.name, false);
        break;
      case 'Node':
        this.#addresses.deleteNode(id.name);
        this.#nodePeers.setNode(id.name, undefined);
        this.#delta.nodes.add(id.name);
        break;
      case 'Pod':
        this.#replacePod(qualifiedName(id), undefined);
        break;
      case 'NetworkPolicy':
        this.#replacePolicy(qualifiedName(id), undefined);
        break;
      case 'ClusterNetworkPolicy':
        this.#nodePeers.setPolicy(id.name, undefined);
        this.#replacePolicy(id.name, undefined);
        break;
      case 'Service':
      case 'EndpointSlice':
        break;
    }
  }

  #replacePod(name: string, pod: Pod | undefined): void {
    const before = this.#pods.get(name);
    const isParty = pod !== undefined && this.#isParty(pod);
    // The new member joins before the old one leaves, so that a class of one does not go and come back.
    if (isParty) {
      this.#pods.set(name, pod);
      this.#join(pod);
    } else this.#pods.delete(name);
    if (before !== undefined) this.#leave(before, isParty ? pod : undefined);
  }

  /** Whether policy knows the pod as a pod. Source: semantics.md sections 2.4 and 4.4. */
  #isParty(pod: Pod): boolean {
    return !(isFinished(pod) && this.choices['terminal-pods'] === 'ignored') && !(pod.hostNetwork && this.choices.hostnetwork === 'node');
  }

  #join(pod: Pod): void {
    const { ports, key: portsKey } = getOrMake(this.#counted, pod.ports, () => countedPorts(pod.ports, this.choices));
    const key = `${pod.namespace}|${getOrMake(this.#keys, pod.labels, labelsKey)}|${portsKey}${pod.hostNetwork ? '|host' : ''}`;
    let podClass = this.#classes.get(key);
    if (podClass === undefined) {
      const { namespace, labels, hostNetwork } = pod;
      podClass = { key, namespace, labels, ports, hostNetwork, members: new Map(), sets: new Set() };
      this.#classes.set(key, podClass);
      this.#sets.addClass(podClass);
    }
    podClass.members.set(pod.name, pod);
    this.#classOf.set(pod, podClass);
    for (const address of pod.addresses) this.#addresses.claim(address, pod);
  }

  #leave(pod: Pod, successor: Pod | undefined): void {
    const podClass = this.#classOf.get(pod)!;
    // The same object put again has nothing to leave.
    if (pod === successor) return;
    this.#classOf.delete(pod);
    for (const address of pod.addresses) this.#addresses.unclaim(address, pod);
    if (podClass.members.get(pod.name) === pod) podClass.members.delete(pod.name);
    if (podClass.members.size > 0) return;
    this.#classes.delete(podClass.key);
    this.#sets.deleteClass(podClass);
  }

  #replacePolicy(name: string, policy: CompiledPolicy | undefined): void {
    const before = this.#policies.get(name);
    this.#audits += Number(policy?.audit === true) - Number(before?.audit === true);
    if (policy === undefined) this.#policies.delete(name);
    else {
      this.#policies.set(name, policy);
      (policy.subjects as MutableSet).subjectOf.add(policy);
      for (const podClass of policy.subjects.classes) this.#delta.gates.add(podClass);
    }
    if (before === undefined) return;
    (before.subjects as MutableSet).subjectOf.delete(before);
    for (const podClass of before.subjects.classes) this.#delta.gates.add(podClass);
    for (const set of setsOf(before)) this.#sets.release(set as MutableSet);
  }

  #noteMembership(set: MutableSet, podClass: MutableClass): void {
    let classes = this.#delta.sets.get(set);
    if (classes === undefined) {
      classes = new Set();
      this.#delta.sets.set(set, classes);
    }
    classes.add(podClass);
    if (set.subjectOf.size > 0) this.#delta.gates.add(podClass);
  }
}

/** Every set that the policy holds a reference to, as often as it does. */
function setsOf(policy: CompiledPolicy): PodSet[] {
  const rules = [...(policy.ingress ?? []), ...(policy.egress ?? [])];
  const peers = rules.flatMap((rule) => rule.peers ?? []);
  return [policy.subjects, ...peers.flatMap((peer) => (peer.kind === 'pods' ? [peer.set] : []))];
}

/** The named ports that count, and what tells them from others. */
interface CountedPorts {
  readonly ports: readonly ContainerPort[];
  readonly key: string;
}

/** By the choices sidecar-named-ports and duplicate-port-name. Unnamed ports mean nothing to policy. */
function countedPorts(declared: readonly ContainerPort[], choices: Choices): CountedPorts {
  const named = declared.filter((port) => port.name !== undefined && (choices['sidecar-named-ports'] === 'yes' || !port.sidecar));
  const seen = new Set<string>();
  const isFirst = ({ protocol, name }: ContainerPort): boolean => seen.size < seen.add(`${protocol} ${name}`).size;
  const ports = choices['duplicate-port-name'] === 'any' ? named : named.filter(isFirst);
  return { ports, key: ports.map(portKey).sort().join(',') };
}

const portKey = (port: ContainerPort): string => `${port.name}:${port.protocol}/${port.port}`;
