import { isFinished } from '../api/types.ts';
import { applyChanges, type Cluster, type ClusterChange, differenceOf } from '../cluster/cluster.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { Analysis } from '../verdict/analysis.ts';
import type { Flow, FlowVerdict } from '../verdict/check.ts';
import type { Outcome } from '../verdict/outcome.ts';
import { gateQuestions } from '../verdict/verdict.ts';
import { Allowances, type Need, subjectId } from './allowances.ts';
import { type Beyond, beyondWanted } from './beyond.ts';
import { denyDrafts, isOfSystem } from './default-deny.ts';
import { type Draft, type Generated, listed, named } from './generated-policy.ts';
import { namespacesIn, type UnanswerableFlow, verdictsOf, type Wanted, wantedOf } from './wanted.ts';

/** How least privilege is made. */
export interface LeastPrivilegeOptions {
  /** For these namespaces; otherwise for those that the flows name, but for those of the cluster itself. */
  readonly namespaces?: readonly string[];
  /** Only what the policies of those namespaces leave missing; otherwise as if they had none. */
  readonly onto: boolean;
}

/** Policies under which wanted flows pass and, as far as selectors can say it, nothing else. */
export interface LeastPrivilege extends Generated {
  /** Wanted flows that stay denied, whatever a NetworkPolicy of these namespaces says. */
  readonly denied: readonly Flow[];
  /** What the policies open that nobody wanted. */
  readonly beyond: readonly Beyond[];
}

/** Every round opens a gate of everything that is still denied; addresses that rules tell apart take another. */
const mostRounds = 12;

/** Least privilege for wanted flows: a default deny, and what each workload needs besides, tried on the cluster as it would be. */
export function leastPrivilege(
  analysis: Analysis,
  flows: readonly Flow[],
  { namespaces: asked, onto }: LeastPrivilegeOptions,
): LeastPrivilege | UnanswerableFlow {
  const wanted = wantedOf(analysis, flows);
  if ('error' in wanted) return wanted;
  const { cluster } = analysis;
  const namespaces = asked ?? namespacesIn(analysis, wanted).filter((name) => cluster.namespaces.has(name) && !isOfSystem(name));
  const base = onto ? cluster : applyChanges(cluster, policiesOf(cluster, namespaces));
  const deny = denyDrafts(base, { namespaces, directions: ['egress', 'ingress'] });
  const allowances = new Allowances(cluster);
  allow(new Trial(base, analysis), deny.drafts, { wanted, namespaces: new Set(namespaces), allowances });
  const drafts = [...deny.drafts, ...allowances.drafts()].sort((a, b) => namespaces.indexOf(a.namespace) - namespaces.indexOf(b.namespace));
  const policies = named(cluster, drafts);
  const putting = (list: typeof policies): Analysis =>
    new Analysis(
      applyChanges(
        cluster,
        list.map(({ policy }) => ({ type: 'put', object: policy })),
      ),
      analysis.model.choices,
      analysis.settled,
    );
  const after = putting(policies);
  const floor = putting(policies.filter((_, index) => deny.drafts.includes(drafts[index]!)));
  return {
    policies,
    notes: [...deny.notes, ...notesOn(cluster, namespaces, onto, allowances), ...cutOff(analysis, wanted, namespaces)],
    denied: wanted.filter((each) => verdictsOf(after, each).some(({ allowed }) => !allowed)).map(({ flow }) => flow),
    beyond: beyondWanted(floor, after, wanted),
  };
}

const policiesOf = (cluster: Cluster, namespaces: readonly string[]): ClusterChange[] =>
  namespaces.flatMap((namespace) =>
    [...(cluster.namespaces.get(namespace)?.policies.values() ?? [])].map(({ kind, name }) => ({
      type: 'delete',
      id: { kind, namespace, name },
    })),
  );

/** The cluster as it would be with policies, each time with others. */
class Trial {
  readonly #base: Cluster;
  readonly #analysis: Analysis;
  readonly #model: PolicyModel;
  #cluster: Cluster;

  constructor(base: Cluster, analysis: Analysis) {
    this.#base = base;
    this.#analysis = analysis;
    this.#model = new Analysis(base, analysis.model.choices).model;
    this.#cluster = base;
  }

  /** The analysis holds until the next question. */
  with(drafts: readonly Draft[]): Analysis {
    const changes = named(this.#base, drafts).map(({ policy }): ClusterChange => ({ type: 'put', object: policy }));
    const cluster = applyChanges(this.#base, changes);
    this.#model.update(differenceOf(this.#cluster, cluster));
    this.#cluster = cluster;
    return new Analysis(cluster, this.#model.choices, this.#analysis.settled, this.#model);
  }
}

/** What is to be allowed, and to whom. */
interface Task {
  readonly wanted: readonly Wanted[];
  readonly namespaces: ReadonlySet<string>;
  readonly allowances: Allowances;
}

/** Opens the gates that keep wanted flows from passing, until none does or nothing helps. */
function allow(trial: Trial, floor: readonly Draft[], { wanted, namespaces, allowances }: Task): void {
  let open = wanted;
  for (let round = 0; round < mostRounds && open.length > 0; round++) {
    const analysis = trial.with([...floor, ...allowances.drafts()]);
    const isGrown = open.map((each) => {
      const needs = verdictsOf(analysis, each)
        .flatMap(needsOf)
        .filter(({ subject }) => namespaces.has(subject.namespace));
      return needs.map((need) => allowances.add(need)).includes(true);
    });
    open = open.filter((_, index) => isGrown[index]);
  }
}

/** What is missing for a flow to pass. */
const needsOf = (verdict: FlowVerdict): Need[] =>
  verdict.outcomes.flatMap((outcome) => (outcome.verdict.allowed ? [] : needsOfOutcome(verdict, outcome)));

function needsOfOutcome({ from, to }: FlowVerdict, { from: sources, to: destinations, connection, verdict }: Outcome): Need[] {
  const { passage: { toward, seenFrom } = {} } = connection;
  return gateQuestions(connection).flatMap(({ direction, protocol, port }) => {
    if (verdict[direction].allowed || verdict[direction].reason !== 'no-rule-matched') return [];
    const [subjects, others] = direction === 'egress' ? [sources, destinations] : [destinations, sources];
    const seen = direction === 'egress' ? toward?.party : seenFrom;
    const remotes = seen === undefined ? oneEach(others.map(({ party }) => party)) : [seen];
    return oneEach(subjects.map(({ party }) => party)).flatMap(({ owner }) =>
      owner.kind !== 'Pod'
        ? []
        : remotes.map(
            (remote): Need => ({ direction, subject: owner.pod, remote, asked: direction === 'egress' ? to : from, protocol, port }),
          ),
    );
  });
}

/** Of pods of one workload one is enough: what is written is for all. */
function oneEach(parties: readonly Need['remote'][]): Need['remote'][] {
  const keyOf = ({ owner, address }: Need['remote']): string =>
    owner.kind === 'Pod' && !owner.pod.hostNetwork ? subjectId(owner.pod) : address;
  return [...new Map(parties.map((party) => [keyOf(party), party])).values()];
}

function notesOn(cluster: Cluster, namespaces: readonly string[], onto: boolean, allowances: Allowances): string[] {
  const there = onto ? [] : namespaces.filter((name) => (cluster.namespaces.get(name)?.policies.size ?? 0) > 0);
  return [
    ...(there.length === 0
      ? []
      : [`${listed(there)}: what the policies in the input allow stays allowed; --onto writes only what they leave missing`]),
    ...allowances.unlabelled().map((name) => `${name} has no labels of its own that last: its policies are for every pod of the namespace`),
  ];
}

/** The workloads of the namespaces that no wanted flow names. */
function cutOff(analysis: Analysis, wanted: readonly Wanted[], namespaces: readonly string[]): string[] {
  const outcomes = wanted.flatMap((each) => verdictsOf(analysis, each).flatMap((verdict) => verdict.outcomes));
  const owners = outcomes.flatMap(({ from, to }) => [...from, ...to].map(({ party }) => party.owner));
  const used = new Set(owners.flatMap((owner) => (owner.kind === 'Pod' ? [subjectId(owner.pod)] : [])));
  const pods = namespaces.flatMap((name) => [...(analysis.cluster.namespaces.get(name)?.pods.values() ?? [])]);
  const others = new Set(pods.filter((pod) => !pod.hostNetwork && !isFinished(pod)).map(subjectId));
  const missing = [...others].filter((id) => !used.has(id)).sort();
  return missing.length === 0 ? [] : [`no wanted connection names ${listed(missing)}`];
}
