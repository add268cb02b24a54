import { Counter, Gauge, type Registry } from 'prom-client';
import { directions } from '#core/api/types.ts';
import { type Census, denialsIn } from '#core/ruleset/census.ts';
import { frame } from '#core/ruleset/frame.ts';
import type { Denials } from '#core/ruleset/types.ts';
import { DropTotals } from './drop-totals.ts';
import type { MetricSources } from './metric-sources.ts';

/** So many policies have their drops under their own names; those of all others are added up as `other`. */
const mostNamedPolicies = 500;

/** What is enforced, and what it has dropped. */
export class RulesetMetrics {
  readonly #sources: MetricSources;
  readonly #dropped: PacketsByPolicy;
  readonly #audited: PacketsByPolicy;
  #heldBack = 0;
  #census: Census | undefined;

  constructor(registry: Registry, sources: MetricSources) {
    this.#sources = sources;
    this.#dropped = new PacketsByPolicy(registry, 'sallyport_dropped_packets_total', 'Packets that policies dropped.');
    this.#audited = new PacketsByPolicy(
      registry,
      'sallyport_audited_packets_total',
      'Packets that policies in audit would have dropped, and that passed.',
    );
    this.#addHeldBack(registry);
    this.#addSizes(registry);
    addPolicies(registry, sources);
  }

  census(census: Census): void {
    this.#census = census;
  }

  /** Takes in what the kernel has counted. */
  async readCounters(): Promise<void> {
    const { kernel, reconciler } = this.#sources;
    const packets = await kernel.counters();
    const denials = [...denialsIn(reconciler.ruleset.objects())];
    const exists = (name: string): boolean => reconciler.model.policies.has(name);
    this.#dropped.take(packets, new Map(denials.filter(([, { isAudit }]) => !isAudit)), exists);
    this.#audited.take(packets, new Map(denials.filter(([, { isAudit }]) => isAudit)), exists);
    this.#heldBack = packets.get(frame.heldBack) ?? this.#heldBack;
  }

  #addHeldBack(registry: Registry): void {
    const heldBack = (): number => this.#heldBack;
    const isHolding = (): boolean => this.#census?.holdsBack === true;
    new Gauge({
      name: 'sallyport_hold_back',
      help: "Whether addresses of the node's pod range that belong to no known pod are held back.",
      registers: [registry],
      collect() {
        this.set(Number(isHolding()));
      },
    });
    new Counter({
      name: 'sallyport_held_back_packets_total',
      help: 'Packets to or from an address of the pod range that belonged to no known pod: mostly the first of new pods.',
      registers: [registry],
      collect() {
        this.reset();
        this.inc(heldBack());
      },
    });
  }

  #addSizes(registry: Registry): void {
    const census = (): Census | undefined => this.#census;
    const sizes = (name: string, help: string, of: (census: Census) => Readonly<Record<string, number>>): void =>
      void new Gauge({
        name,
        help,
        labelNames: ['type'],
        registers: [registry],
        collect() {
          const now = census();
          if (now !== undefined) for (const [type, number] of Object.entries(of(now))) this.set({ type }, number);
        },
      });
    sizes('sallyport_ruleset_objects', 'Objects of our table, by type.', ({ objects }) => objects);
    sizes('sallyport_ruleset_elements', 'Elements of the sets and maps of our table.', ({ elements }) => elements);
    new Gauge({
      name: 'sallyport_ruleset_rules',
      help: 'Rules of our table.',
      registers: [registry],
      collect() {
        this.set(census()?.rules ?? 0);
      },
    });
  }
}

/** Packets that the kernel counts for sets of policies, as a metric of every policy. */
class PacketsByPolicy {
  readonly #counter: Counter<'kind' | 'namespace' | 'policy' | 'direction'>;
  readonly #totals: DropTotals;

  constructor(registry: Registry, name: string, what: string) {
    this.#counter = new Counter({
      name,
      help:
        `${what} A packet is counted for every policy that isolates the pod in that direction, so the sum over policies is more than there were. ` +
        `${mostNamedPolicies} policies have names, those of this node that come first; all others are policy "other".`,
      labelNames: ['kind', 'namespace', 'policy', 'direction'],
      registers: [registry],
    });
    this.#totals = new DropTotals(mostNamedPolicies, (policy, direction, packets) => {
      this.#counter.inc({ ...labelsOf(policy), direction }, packets);
    });
  }

  /** Takes in what the kernel has counted, and lets go of policies that are no more. */
  take(packets: ReadonlyMap<string, number>, denials: ReadonlyMap<string, Denials>, exists: (policy: string) => boolean): void {
    this.#totals.take(packets, denials);
    for (const policy of this.#totals.forget(exists))
      for (const direction of directions) this.#counter.remove({ ...labelsOf(policy), direction });
  }
}

function addPolicies(registry: Registry, { policies, unreadable, reconciler }: MetricSources): void {
  const registers = [registry];
  new Gauge({
    name: 'sallyport_policies',
    help: 'Policies of the cluster by kind and by what becomes of them here: enforced, closed (the kernel rejects them, so their pods are cut off), unreadable, audit (not enforced, only told of), not-needed (no pod of this node).',
    labelNames: ['kind', 'state'],
    registers,
    collect() {
      this.reset();
      for (const state of ['enforced', 'audit', 'closed', 'unreadable', 'not-needed']) this.set({ kind: 'NetworkPolicy', state }, 0);
      for (const { kind, state } of policies()) this.inc({ kind, state });
    },
  });
  new Gauge({
    name: 'sallyport_unreadable_objects',
    help: 'Objects of the cluster that this program can not read, by kind. Policies among them close their pods; kinds that are not supported are not enforced.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      this.set({ kind: 'NetworkPolicy' }, 0);
      for (const [kind, number] of unreadable()) this.set({ kind }, number);
    },
  });
  new Gauge({
    name: 'sallyport_subjects',
    help: 'Pods of this node that a policy selects.',
    registers,
    collect() {
      this.set(reconciler.ruleset.subjects().pods);
    },
  });
}

/** The labels of a policy by its qualified name; undefined for those that have none of their own. */
function labelsOf(policy: string | undefined): { readonly kind: string; readonly namespace: string; readonly policy: string } {
  if (policy === undefined) return { kind: '', namespace: '', policy: 'other' };
  const [namespace, name] = policy.split('/');
  return name === undefined
    ? { kind: 'ClusterNetworkPolicy', namespace: '', policy }
    : { kind: 'NetworkPolicy', namespace: namespace!, policy: name };
}
