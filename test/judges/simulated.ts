import { type Choices, defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { type Packet, type SimulatedTable, tableOf, walk } from '#core/ruleset/simulate.ts';

/** A connection of the simulator: addresses after DNAT and before SNAT. */
export interface SimulatedConnection {
  readonly source: string;
  readonly destination: string;
  readonly protocol: Packet['protocol'];
  readonly port: number;
}

/** Pods without a node live on this one. */
const onlyNode = 'only-node';

/** A cluster whose every node has its ruleset, as data: packets walk through what the kernel would be given. */
export class SimulatedCluster {
  readonly model: PolicyModel;
  readonly rulesets = new Map<string, NodeRuleset>();
  #tables = new Map<string, SimulatedTable>();

  constructor(nodes: readonly string[], choices: Choices = defaultChoices) {
    this.model = new PolicyModel(choices);
    for (const node of [...nodes, onlyNode])
      this.rulesets.set(
        node,
        new NodeRuleset(this.model, node, { choices, markMask: 0xff000000, witness: false, holdBack: true, dropLog: 9470 }),
      );
  }

  /** Takes changes in, and plans as far as the kernel would be told. */
  update(changes: readonly ClusterChange[]): void {
    const placed = changes.map((change): ClusterChange => (change.type === 'put' ? { type: 'put', object: place(change.object) } : change));
    const delta = this.model.update(placed);
    for (const ruleset of this.rulesets.values()) {
      ruleset.update(delta);
      commit(ruleset);
      if (ruleset.wantsClearMarks) {
        ruleset.marksCleared();
        commit(ruleset);
      }
    }
    this.#tables = new Map(Array.from(this.rulesets, ([node, ruleset]) => [node, tableOf(ruleset.objects())]));
  }

  /** Whether the connection is established: every packet of it, in both directions, is let through on every node that it passes. */
  isAllowed(connection: SimulatedConnection): boolean {
    return this.#nodesOf(connection).every((node) => this.#passes(node, connection));
  }

  /** The nodes that the connection passes; none for a pod that reaches itself, which never leaves it. */
  #nodesOf(connection: SimulatedConnection): string[] {
    const source = this.model.ownerOf(connection.source);
    const destination = this.model.ownerOf(connection.destination);
    if (source.kind === 'Pod' && destination.kind === 'Pod' && source.pod === destination.pod) return [];
    return [...new Set([source, destination].flatMap((owner) => (owner.kind === 'Pod' ? [owner.pod.node ?? onlyNode] : [])))];
  }

  /** Whether a gate in audit tells of the opening packet on a node that it passes. */
  isTold(connection: SimulatedConnection): boolean {
    return this.#nodesOf(connection).some((node) => {
      const table = this.#tables.get(node)!;
      const { counters } = walk(table, this.#openingOf(node, connection));
      return counters.some((counter) => this.rulesets.get(node)!.denialsOf(counter)?.isAudit === true);
    });
  }

  #hookOf(node: string, { source, destination }: SimulatedConnection, original: boolean): Packet['hook'] {
    const own = this.model.nodeOf(node)?.addresses ?? [];
    const [isFromNode, isToNode] = [own.includes(source), own.includes(destination)];
    return isFromNode || isToNode ? (isFromNode === original ? 'output' : 'input') : 'forward';
  }

  #openingOf(node: string, connection: SimulatedConnection): Packet {
    return { hook: this.#hookOf(node, connection, true), ...connection, state: 'new', original: true, syn: true, mark: 0 };
  }

  #passes(node: string, connection: SimulatedConnection): boolean {
    const packet = this.#openingOf(node, connection);
    const hookOf = (original: boolean): Packet['hook'] => this.#hookOf(node, connection, original);
    const table = this.#tables.get(node)!;
    const opening = walk(table, packet);
    const later = [true, false].flatMap((original) =>
      [0, opening.mark].map((mark) => walk(table, { ...packet, hook: hookOf(original), state: 'established', syn: false, original, mark })),
    );
    const verdicts = new Set([opening, ...later].map(({ verdict }) => verdict === 'accept'));
    if (verdicts.size !== 1) throw new Error(`packets of one connection are judged differently: ${JSON.stringify(packet)}`);
    return opening.verdict === 'accept';
  }
}

function place(object: KubernetesObject): KubernetesObject {
  return object.kind === 'Pod' && object.node === undefined ? { ...object, node: onlyNode } : object;
}

function commit(ruleset: NodeRuleset): void {
  const plan = ruleset.plan();
  plan?.prepared();
  plan?.switched();
  plan?.cleaned();
}
