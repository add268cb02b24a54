import type { ChoiceName } from '../api/choices.ts';
import { type Direction, directions, isFinished, type Pod } from '../api/types.ts';
import { type Cluster, podsOf } from '../cluster/cluster.ts';
import { type AddressSet, addressesFrom } from '../net/address-set.ts';
import { families, parseIp } from '../net/ip.ts';
import type { CompiledPeer, CompiledPolicy, CompiledRule } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';

/** Choices of which connectivity between endpoints may depend, the exception for a pod's own node aside. */
export const comparedChoices = [
  'ipblock-pods',
  'ipblock-nodes',
  'hostnetwork',
  'terminal-pods',
  'named-port-with-ipblock',
  'duplicate-port-name',
  'sidecar-named-ports',
  'baseline-skip',
] as const satisfies readonly ChoiceName[];

export type ComparedChoice = (typeof comparedChoices)[number];

/** The pairs of endpoints that a choice could change: all of them have a pod of one of the classes. */
export interface Sensitive {
  /** By their keys; none when the choice matters to nobody. */
  readonly classes: ReadonlySet<string>;
  /** Where such pods are always that end of the pair: its source (egress) or its destination (ingress). */
  readonly direction?: Direction;
  /** Where the other end always has an address in one of these blocks of rules, by their keys. */
  readonly blocks?: ReadonlySet<string>;
}

/** Finds the pods that a choice could matter to. */
export class SensitiveClasses {
  readonly #cluster: Cluster;
  readonly #model: PolicyModel;
  readonly #findBlocksOfPods: () => ReadonlySet<string>;
  #blocksOfPods: ReadonlySet<string> | undefined;
  #nodeAddresses: AddressSet | undefined;

  /** `findBlocksOfPods` says which blocks of rules, by their keys, hold an address of a pod. */
  constructor(cluster: Cluster, model: PolicyModel, findBlocksOfPods: () => ReadonlySet<string>) {
    this.#cluster = cluster;
    this.#model = model;
    this.#findBlocksOfPods = findBlocksOfPods;
  }

  /** The pairs that the choice could change. `alternative` is the model with another value, and is made only if it is needed. */
  of(choice: ComparedChoice, alternative: () => PolicyModel): Sensitive {
    switch (choice) {
      case 'ipblock-pods':
        return this.#subjects((rule) => hasBlock(rule, ({ key }) => this.#holdsPods(key)));
      case 'ipblock-nodes':
        return this.#subjects((rule) => hasBlock(rule, ({ addresses }) => this.#holdsNodes(addresses)));
      case 'named-port-with-ipblock':
        return this.#subjects(({ peers = [], ports = [] }) => peers.some(isBlock) && ports.some(({ kind }) => kind === 'named'));
      case 'baseline-skip':
        return { classes: this.#classesOf([...this.#model.policies.values()].filter(({ tier }) => tier === 'Baseline')) };
      case 'hostnetwork':
        return this.#pods((pod) => pod.hostNetwork && !isFinished(pod), alternative);
      case 'terminal-pods':
        return this.#pods(this.#atAddressesOf(isFinished), alternative);
      case 'duplicate-port-name':
        return this.#pods(hasDuplicateNames, alternative);
      case 'sidecar-named-ports':
        return this.#pods(({ ports }) => ports.some(({ sidecar, name }) => sidecar && name !== undefined), alternative);
    }
  }

  /** The pairs of pods that policies with such a rule isolate, with addresses of the rule's blocks. */
  #subjects(isMeant: (rule: CompiledRule) => boolean): Sensitive {
    const policies = [...this.#model.policies.values()];
    const meant = { egress: [], ingress: [] } as Record<Direction, CompiledRule[]>;
    for (const policy of policies) for (const direction of directions) meant[direction].push(...(policy[direction] ?? []).filter(isMeant));
    const rules = [...meant.egress, ...meant.ingress];
    const [direction, ...others] = directions.filter((each) => meant[each].length > 0);
    return {
      classes: this.#classesOf([...new Set(rules.map(({ policy }) => policy))]),
      ...(direction !== undefined && others.length === 0 && { direction }),
      blocks: new Set(rules.flatMap(({ peers = [] }) => peers.flatMap((peer) => (peer.kind === 'addresses' ? peer.key : [])))),
    };
  }

  #classesOf(policies: readonly CompiledPolicy[]): ReadonlySet<string> {
    return new Set(policies.flatMap(({ subjects }) => Array.from(subjects.classes, ({ key }) => key)));
  }

  /** Pods may be of another class, or of one at all, in the other model. */
  #pods(isMeant: (pod: Pod) => boolean, alternative: () => PolicyModel): Sensitive {
    const pods = [...podsOf(this.#cluster)].filter(isMeant);
    if (pods.length === 0) return { classes: new Set() };
    return { classes: new Set([this.#model, alternative()].flatMap((model) => pods.flatMap((pod) => model.classOf(pod)?.key ?? []))) };
  }

  /** Such pods, and those whose address one of them has. */
  #atAddressesOf(isMeant: (pod: Pod) => boolean): (pod: Pod) => boolean {
    const addresses = new Set([...podsOf(this.#cluster)].filter(isMeant).flatMap((pod) => pod.addresses));
    return (pod) => pod.addresses.some((address) => addresses.has(address));
  }

  #holdsPods(block: string): boolean {
    this.#blocksOfPods ??= this.#findBlocksOfPods();
    return this.#blocksOfPods.has(block);
  }

  #holdsNodes(block: AddressSet): boolean {
    this.#nodeAddresses ??= addressesFrom(
      [...this.#cluster.nodes.values()].flatMap(({ addresses }) => addresses.map((each) => parseIp(each)!)),
    );
    return overlap(block, this.#nodeAddresses);
  }
}

type Block = Extract<CompiledPeer, { kind: 'addresses' }>;

/** Whether a rule has such a block. Networks of cluster-wide policies match every address. */
const hasBlock = ({ policy, peers = [] }: CompiledRule, isMeant: (block: Block) => boolean): boolean =>
  policy.tier === 'NetworkPolicy' && peers.some((peer) => peer.kind === 'addresses' && isMeant(peer));

const isBlock = ({ kind }: { readonly kind: string }): boolean => kind === 'addresses';

function hasDuplicateNames({ ports }: Pod): boolean {
  const names = ports.flatMap(({ name, protocol }) => (name === undefined ? [] : [`${protocol} ${name}`]));
  return new Set(names).size < names.length;
}

/** Whether a small set and a large one have an address in common, found by halving the large one. */
const overlap = (few: AddressSet, many: AddressSet): boolean =>
  families.some((family) =>
    few[family].some(([first, last]) => {
      let [low, high] = [0, many[family].length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (many[family][middle]![1] < first) low = middle + 1;
        else high = middle;
      }
      const next = many[family][low];
      return next !== undefined && next[0] <= last;
    }),
  );
