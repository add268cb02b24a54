import type { Choices } from '../api/choices.ts';
import type { ContainerPort, Direction } from '../api/types.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { AddressOwner, CompiledPolicy, CompiledRule, PodClass, PodSet } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { BlockIndex, type Signature } from './block-index.ts';

/** One side of pods that the same policies isolate there, and whose names mean the same ports. */
export interface Gate {
  /** Its place among the gates of its direction. */
  readonly id: number;
  /** In the order of evaluation; empty for a gate that is open to all. */
  readonly policies: readonly CompiledPolicy[];
  /** All their rules, in the same order. */
  readonly rules: readonly CompiledRule[];
  readonly isIsolated: boolean;
  /** The ports that names mean at these pods. */
  readonly ports: Ports;
}

/** Declared ports, as far as a rule names them. */
export interface Ports {
  readonly id: number;
  readonly declared: readonly ContainerPort[];
}

/** What pods are to policy: selected by the same sets, with the same named ports. Pods of many classes and namespaces share one. */
export interface Profile {
  readonly id: number;
  readonly sets: ReadonlySet<PodSet>;
  readonly ports: Ports;
  readonly gates: Readonly<Record<Direction, Gate>>;
  /** The classes of these pods. */
  readonly classes: PodClass[];
  /** The units of these pods, by the numbers of their signatures. */
  readonly units: Map<number, Unit>;
}

/** Addresses that no rule can tell apart: of pods of one profile, or of nobody, and in the same blocks. */
export interface Unit {
  readonly id: number;
  /** Absent for addresses that no pod has. */
  readonly profile?: Profile;
  readonly signature: Signature;
  /** Who has the addresses, as far as blocks ask. */
  readonly owner: AddressOwner['kind'];
}

/** The units of a model, made as they are asked for. */
export class Units {
  readonly blocks: BlockIndex;
  /** The blocks by their keys, as numbers of the block index. */
  readonly blockIds = new Map<string, number>();
  readonly #blockKeys: readonly string[];
  readonly gates: Readonly<Record<Direction, Gate[]>> = { egress: [], ingress: [] };
  readonly units: Unit[] = [];
  readonly #model: PolicyModel;
  /** The port names that some rule uses. */
  readonly #names: ReadonlySet<string>;
  readonly #numbers = new Map<PodSet | CompiledPolicy, number>();
  readonly #profiles = new Map<string, Profile>();
  readonly #profileOf = new Map<PodClass, Profile>();
  readonly #ports = new Map<string, Ports>();
  readonly #gates = new Map<string, Gate>();
  /** The units of nobody and of nodes, by the numbers of their signatures. */
  readonly #unpoliced: Readonly<Record<'Node' | 'External', Map<number, Unit>>>;
  readonly #bySignature = new Map<number, Unit[]>();

  /** `cuts` divide the address space besides the blocks of the model's rules. */
  constructor(model: PolicyModel, cuts: readonly AddressSet[], choices: Choices) {
    this.#model = model;
    const unowned = new Map<number, Unit>();
    this.#unpoliced = { External: unowned, Node: choices['ipblock-nodes'] === 'match' ? unowned : new Map() };
    const rules = [...model.policies.values()].flatMap(({ egress = [], ingress = [] }) => [...egress, ...ingress]);
    const blocks: AddressSet[] = [];
    for (const { peers = [] } of rules)
      for (const peer of peers)
        if (peer.kind === 'addresses' && !this.blockIds.has(peer.key)) this.blockIds.set(peer.key, blocks.push(peer.addresses) - 1);
    this.blocks = new BlockIndex(blocks, cuts);
    this.#blockKeys = [...this.blockIds.keys()];
    this.#names = new Set(rules.flatMap(({ ports = [] }) => ports.flatMap((port) => (port.kind === 'named' ? nameKey(port) : []))));
  }

  /** The unit of addresses of a class of pods, of nodes, or of nobody. */
  unitOf(of: PodClass | 'Node' | 'External', signature: Signature): Unit {
    const profile = typeof of === 'string' ? undefined : this.profileOf(of);
    const known = typeof of === 'string' ? this.#unpoliced[of] : profile!.units;
    let unit = known.get(signature.id);
    if (unit === undefined) {
      unit = { id: this.units.length, signature, owner: typeof of === 'string' ? of : 'Pod', ...(profile && { profile }) };
      known.set(signature.id, unit);
      this.units.push(unit);
      append(this.#bySignature, signature.id, unit);
    }
    return unit;
  }

  /** The units whose addresses have the signature. */
  unitsWith(signature: Signature): readonly Unit[] {
    return this.#bySignature.get(signature.id) ?? [];
  }

  /** Whether the blocks, by their keys, hold an address of the unit. */
  isWithin({ signature }: Unit, blocks: ReadonlySet<string>): boolean {
    return signature.blocks.some((id) => blocks.has(this.#blockKeys[id]!));
  }

  /** The blocks, by their keys, that hold an address of a pod. */
  blocksOfPods(): ReadonlySet<string> {
    const ids = new Set(this.units.flatMap(({ owner, signature: { blocks } }) => (owner === 'Pod' ? blocks : [])));
    return new Set(Array.from(ids, (id) => this.#blockKeys[id]!));
  }

  /** The profile of the class. */
  profileOf(podClass: PodClass): Profile {
    let profile = this.#profileOf.get(podClass);
    if (profile === undefined) {
      const ports = this.#portsOf(podClass.ports);
      const sets = Array.from(podClass.sets, (set) => this.#numberOf(set)).sort((a, b) => a - b);
      const key = `${sets.join()} ${ports.id}`;
      profile = this.#profiles.get(key) ?? this.#create(key, ports, podClass);
      this.#profileOf.set(podClass, profile);
      profile.classes.push(podClass);
    }
    return profile;
  }

  #create(key: string, ports: Ports, podClass: PodClass): Profile {
    const gates = { egress: this.#gateOf('egress', podClass, ports), ingress: this.#gateOf('ingress', podClass, ports) };
    const profile: Profile = { id: this.#profiles.size, sets: new Set(podClass.sets), ports, gates, classes: [], units: new Map() };
    this.#profiles.set(key, profile);
    return profile;
  }

  #gateOf(direction: Direction, podClass: PodClass, ports: Ports): Gate {
    const policies = this.#model.policiesOf(podClass, direction);
    const key = `${direction} ${policies.map((policy) => this.#numberOf(policy)).join()} ${ports.id}`;
    let gate = this.#gates.get(key);
    if (gate === undefined) {
      const isIsolated = policies.some(({ tier }) => tier === 'NetworkPolicy');
      const rules = policies.flatMap((policy) => policy[direction]!);
      gate = { id: this.gates[direction].length, policies, rules, isIsolated, ports };
      this.#gates.set(key, gate);
      this.gates[direction].push(gate);
    }
    return gate;
  }

  #portsOf(declared: readonly ContainerPort[]): Ports {
    const named = declared.filter((port) => this.#names.has(nameKey(port)));
    const key = [...new Set(named.map(({ name, protocol, port }) => `${protocol} ${name} ${port}`))].sort().join();
    let ports = this.#ports.get(key);
    if (ports === undefined) {
      ports = { id: this.#ports.size, declared: named };
      this.#ports.set(key, ports);
    }
    return ports;
  }

  #numberOf(item: PodSet | CompiledPolicy): number {
    let number = this.#numbers.get(item);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(item, number);
    }
    return number;
  }
}

const nameKey = ({ protocol, name }: { readonly protocol: string; readonly name?: string }): string => `${protocol} ${name}`;

/** Adds a value to the list of a key. */
export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
