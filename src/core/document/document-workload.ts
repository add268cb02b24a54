import { stableLabels } from '../advise/peer.ts';
import { type Direction, type Pod, type PolicyId, qualifiedName } from '../api/types.ts';
import { podsOf } from '../cluster/cluster.ts';
import { anyPod, potentialId } from '../cluster/potential-pods.ts';
import { trafficMeant } from '../connectivity/answers.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { Labels } from '../label/selector.ts';
import { isEmptyTraffic, noTraffic, subtractTraffic, type Traffic } from '../net/port-set.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { podId } from '../verdict/endpoint.ts';
import type { Descriptions } from './descriptions.ts';
import type { GateDocument, Isolation, WorkloadDocument } from './documentation.ts';
import type { Talk, Talks } from './talks.ts';

/** Says of workloads who may talk to them, and whom they may talk to. */
export class WorkloadWriter {
  readonly #analysis: Analysis;
  readonly #descriptions: Descriptions;
  readonly #talks: Talks;
  readonly #pods: ReadonlyMap<string, Pod>;
  /** The ids of pods that do not exist. */
  readonly #potential: ReadonlySet<string>;

  /** The talks are those of the cluster. */
  constructor(analysis: Analysis, descriptions: Descriptions, talks: Talks) {
    this.#analysis = analysis;
    this.#descriptions = descriptions;
    this.#talks = talks;
    const pods = [...podsOf(analysis.cluster)];
    this.#pods = new Map(pods.map((pod) => [podId(pod), pod]));
    this.#potential = new Set(pods.flatMap(({ potential }) => potential ?? []));
  }

  document(endpoint: MatrixEndpoint): WorkloadDocument {
    const { id, name = '', namespace, workloadKind = 'Pod', members = [id] } = endpoint;
    const pods = members.map((member) => this.#pods.get(member)!);
    const { source } = pods[0]!;
    const at = source && { source };
    return {
      endpoint,
      description: this.#descriptions.of({ kind: workloadKind, ...(namespace !== undefined && { namespace }), name, ...at }),
      labels: stableLabels(commonLabels(pods)),
      ports: [...new Map(pods.flatMap(({ ports }) => ports).map((port) => [`${port.protocol} ${port.port} ${port.name}`, port])).values()],
      ingress: this.#gate(id, 'ingress', pods),
      egress: this.#gate(id, 'egress', pods),
      ...at,
    };
  }

  #gate(id: string, direction: Direction, pods: readonly Pod[]): GateDocument {
    const { model } = this.#analysis;
    const classes = [...new Set(pods.map((pod) => model.classOf(pod)))];
    const each = classes.map((podClass) => podClass && model.policiesOf(podClass, direction));
    const isolated = each.map((policies) => policies?.some(({ tier }) => tier === 'NetworkPolicy'));
    const policies = new Map(each.flatMap((list) => (list ?? []).map((policy) => [policy.name, policy.id] as const)));
    return { isolation: isolationOf(isolated), policies: inOrder(policies), talks: this.#withoutFew(this.#talks.of(id, direction)) };
  }

  /** Pods that do not exist are of no interest where they may no more than any pod. */
  #withoutFew(talks: readonly Talk[]): readonly Talk[] {
    const any = potentialId(anyPod);
    const all = talks.filter(({ others }) => others.has(any)).map(mostOf);
    const beyond = (talk: Talk): boolean => !isEmptyTraffic(subtractTraffic(mostOf(talk), all[0] ?? noTraffic));
    return talks.flatMap((talk) => {
      if (talk.others.has(any) || beyond(talk)) return [talk];
      const others = new Set([...talk.others].filter((id) => !this.#potential.has(id)));
      return others.size === 0 ? [] : [{ ...talk, others }];
    });
  }
}

/** All that some of the members may. */
const mostOf = ({ traffic, partial = traffic }: Talk): Traffic => trafficMeant(partial);

function isolationOf(isolated: readonly (boolean | undefined)[]): Isolation {
  if (isolated.every((each) => each === undefined)) return 'unseen';
  const seen = isolated.filter((each) => each !== undefined);
  return seen.every((each) => each) ? 'all' : seen.some((each) => each) ? 'some' : 'none';
}

const inOrder = (policies: ReadonlyMap<string, PolicyId>): PolicyId[] =>
  [...policies.values()].sort((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));

function commonLabels([first, ...others]: readonly Pod[]): Labels {
  const entries = Object.entries(first?.labels ?? {});
  return Object.fromEntries(entries.filter(([key, value]) => others.every(({ labels }) => labels[key] === value)));
}
