import type { Description } from '../api/description.ts';
import type { Source } from '../api/diagnostic.ts';
import { type ContainerPort, type Direction, directions, type PolicyId } from '../api/types.ts';
import type { Connectivity } from '../connectivity/connectivity.ts';
import type { Dependence } from '../connectivity/dependence.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { Labels } from '../label/selector.ts';
import type { Talk } from './talks.ts';

/** How many pods of a workload some NetworkPolicy isolates; `unseen` by policies are pods in the network of their node. */
export type Isolation = 'all' | 'some' | 'none' | 'unseen';

/** One side of a workload. */
export interface GateDocument {
  readonly isolation: Isolation;
  /** The policies that have a say there, by name. */
  readonly policies: readonly PolicyId[];
  readonly talks: readonly Talk[];
}

/** A workload, a pod without one, or pods that do not exist but that policies are about. */
export interface WorkloadDocument extends Readonly<Record<Direction, GateDocument>> {
  readonly endpoint: MatrixEndpoint;
  readonly description: Description;
  /** The labels that all its pods have, and the ports that some of them declare. */
  readonly labels: Labels;
  readonly ports: readonly ContainerPort[];
  /** Where it stands, of pods that exist. */
  readonly source?: Source;
}

/** A rule of a policy in plain words. */
export interface RuleDocument {
  readonly direction: Direction;
  /** Its place in the policy's list, from 0. */
  readonly index: number;
  readonly name?: string;
  readonly action: 'accept' | 'deny' | 'pass';
  /** `in from every pod of this namespace on every port`. */
  readonly meaning: string;
  /** The ids of workloads among its peers; absent where it names no pods. */
  readonly peers?: ReadonlySet<string>;
  readonly source?: Source;
  /** Whether a test saw it deciding; absent without tests. */
  readonly tested?: boolean;
}

/** A policy in plain words. */
export interface PolicyDocument {
  readonly policy: PolicyId;
  readonly description: Description;
  readonly source?: Source;
  /** Of a cluster-wide policy. */
  readonly tier?: { readonly name: 'Admin' | 'Baseline'; readonly priority: number };
  /** Whom it is about: `pods of this namespace with `app=web``. */
  readonly subject: string;
  /** The ids of the workloads that it is about now. */
  readonly subjects: ReadonlySet<string>;
  /** The directions that it isolates, or of a cluster-wide policy speaks of; and whether a test saw it denying what no rule allows. */
  readonly isolates: readonly { readonly direction: Direction; readonly tested?: boolean }[];
  readonly rules: readonly RuleDocument[];
}

/** A namespace with all that there is to say of it. */
export interface NamespaceDocument {
  readonly name: string;
  readonly description: Description;
  readonly workloads: readonly WorkloadDocument[];
  readonly policies: readonly PolicyDocument[];
}

/** A test that does not pass. */
export interface FailingTest {
  readonly document: string;
  readonly name: string;
  readonly status: 'failed' | 'error';
  readonly source?: Source;
}

/** What tests say of the policies. */
export interface TestsDocument {
  readonly passed: number;
  readonly failing: readonly FailingTest[];
  /** How much of what policies decide was seen deciding a tested connection. */
  readonly covered: number;
  readonly total: number;
}

/** What a set of policies means. */
export interface Documentation {
  /** By name; those with workloads or policies. */
  readonly namespaces: readonly NamespaceDocument[];
  /** In the order of evaluation. */
  readonly clusterPolicies: readonly PolicyDocument[];
  /** Everybody who is named. */
  readonly everyone: readonly MatrixEndpoint[];
  /** All connections, for a picture; of pods that do not exist only where there are no others. */
  readonly connectivity: () => Connectivity;
  readonly tests?: TestsDocument;
  /** What network plugins do differently, as far as it matters to these connections; but for a pod and its own node, which are left out. */
  readonly choices: readonly Dependence[];
}

/** What is not protected: workloads of which a direction is open, by how much of them. */
export interface Unprotected {
  readonly direction: Direction;
  readonly isolation: Exclude<Isolation, 'all'>;
  readonly workloads: readonly WorkloadDocument[];
}

/** The workloads that count when it is asked what is protected: those that exist, and where there are none all that could. */
export function countedIn({ workloads }: NamespaceDocument): readonly WorkloadDocument[] {
  const real = workloads.filter(({ endpoint }) => endpoint.kind !== 'Potential');
  return real.length > 0 ? real : workloads;
}

/** The workloads that nothing isolates for a direction, or not all of their pods. */
export function unprotectedIn(namespaces: readonly NamespaceDocument[]): Unprotected[] {
  const workloads = namespaces.flatMap(countedIn);
  return directions.toReversed().flatMap((direction) =>
    (['none', 'some', 'unseen'] as const).flatMap((isolation) => {
      const found = workloads.filter((workload) => workload[direction].isolation === isolation);
      return found.length === 0 ? [] : [{ direction, isolation, workloads: found }];
    }),
  );
}

/** What of a policy no test saw deciding. */
export interface Untested {
  readonly policy: PolicyDocument;
  readonly directions: readonly Direction[];
  readonly rules: readonly RuleDocument[];
}

/** The policies of which something is not tested. */
export function untestedIn({ namespaces, clusterPolicies }: Documentation): Untested[] {
  return [...clusterPolicies, ...namespaces.flatMap(({ policies }) => policies)].flatMap((policy) => {
    const open = policy.isolates.filter(({ tested }) => tested === false).map(({ direction }) => direction);
    const rules = policy.rules.filter(({ tested }) => tested === false);
    return open.length + rules.length === 0 ? [] : [{ policy, directions: open, rules }];
  });
}
