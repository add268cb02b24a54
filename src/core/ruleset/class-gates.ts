import { type Direction, directions } from '../api/types.ts';
import type { CompiledPolicy, PodClass } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { auditing, enforcing } from './exits.ts';
import type { Walk } from './frame.ts';
import { closedGate, type Gate, gateOf } from './gate.ts';
import type { GateChains } from './gate-chains.ts';
import type { Objects } from './objects.ts';

/** The chain of a gate. */
export interface GateChain {
  readonly chain: string;
  /** Without, all of its policies are in audit and it stops nothing. */
  readonly isEnforced: boolean;
}

/** The gates of a class on one walk; none for a direction in which no policy has a say. */
export type Gates = Readonly<Partial<Record<Direction, GateChain>>>;

/** The gates of a class, for each walk. */
export type GatesOfClass = Readonly<Record<Walk['name'], Gates>>;

export const noGates: GatesOfClass = { routed: {}, near: {} };

/** Whether the gates of a walk stop anything. */
export const arePoliced = (gates: Gates): boolean => Object.values(gates).some(({ isEnforced }) => isEnforced);

type OfDirection = Readonly<Partial<Record<Walk['name'], GateChain>>>;

/**
 * Takes the chains of gates for classes of pods. Where policies are in audit there are two: the gate that is enforced, and behind it, for what it
 * lets through, the gate of all policies, which only tells what it would deny.
 */
export class ClassGates {
  readonly #model: PolicyModel;
  readonly #objects: Objects;
  readonly #chains: GateChains;
  readonly #unprogrammed: ReadonlySet<string>;
  /** By what makes them, during one update: what makes them is named, not spelled out. */
  readonly #ofUpdate = new Map<string, OfDirection>();

  /** `unprogrammed` are the names of policies whose subjects are closed. */
  constructor(model: PolicyModel, objects: Objects, chains: GateChains, unprogrammed: ReadonlySet<string>) {
    this.#model = model;
    this.#objects = objects;
    this.#chains = chains;
    this.#unprogrammed = unprogrammed;
  }

  /** To be called before the gates of an update are taken. */
  begin(): void {
    this.#ofUpdate.clear();
  }

  /** References to the chains of a class's gates. */
  take(podClass: PodClass): GatesOfClass {
    const gates = { routed: {} as Record<Direction, GateChain>, near: {} as Record<Direction, GateChain> };
    for (const direction of directions) {
      const { routed, near } = this.#take(podClass, direction);
      if (routed !== undefined) gates.routed[direction] = routed;
      if (near !== undefined) gates.near[direction] = near;
    }
    return gates;
  }

  /** Gives back the references of a class. */
  release({ routed, near }: GatesOfClass): void {
    for (const { chain } of [...Object.values(routed), ...Object.values(near)]) this.#objects.release(chain);
  }

  /** Classes that the same sets of subjects hold share their chains. */
  #take(podClass: PodClass, direction: Direction): OfDirection {
    const subjects = Array.from(podClass.sets).filter((set) => set.subjectOf.size > 0);
    const ports = podClass.ports.map((port) => Object.values(port).join());
    const key = [direction, ...subjects.map((set) => set.key).sort(), ...ports].join('|');
    const known = this.#ofUpdate.get(key);
    if (known !== undefined) {
      for (const { chain } of Object.values(known)) this.#objects.retain(chain);
      return known;
    }
    const enforced = this.#model.policiesOf(podClass, direction);
    const all = this.#model.mayAudit ? this.#model.policiesOf(podClass, direction, 'all') : enforced;
    if (enforced.length + all.length === 0) return {};
    const gate = enforced.length === 0 ? undefined : this.#gateOf(enforced, direction, podClass);
    // Behind a gate that lets nothing through there is nothing to tell. A policy of the Baseline tier may be in the first alone.
    const isAudited = all.some((policy) => !enforced.includes(policy)) && gate?.isClosed !== true;
    const chains = this.#chainsOf(direction, gate, isAudited ? this.#gateOf(all, direction, podClass) : undefined);
    this.#ofUpdate.set(key, chains);
    return chains;
  }

  #gateOf(policies: readonly CompiledPolicy[], direction: Direction, podClass: PodClass): Gate {
    const open = gateOf(policies, direction, podClass, this.#model.choices);
    return policies.some(({ name }) => this.#unprogrammed.has(name)) ? closedGate(open) : open;
  }

  #chainsOf(direction: Direction, gate: Gate | undefined, audited: Gate | undefined): OfDirection {
    const taken = (take: (gate: Gate, exits: ReturnType<typeof enforcing>) => string | undefined): GateChain | undefined => {
      const audit = audited && take(audited, auditing(direction));
      const chain = gate && take(gate, enforcing(direction, audit));
      // A gate that has no say near its node has not taken over the reference to what stands behind it.
      if (chain !== undefined) return { chain, isEnforced: true };
      return audit === undefined ? undefined : { chain: audit, isEnforced: false };
    };
    const near = taken((each, exits) => this.#chains.takeNear(each, exits));
    const routed = taken((each, exits) => this.#chains.take(each, exits));
    return { ...(routed && { routed }), ...(near && { near }) };
  }
}
