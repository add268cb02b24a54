import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Advice, SideEffect } from '#core/advise/advise.ts';
import type { Edit } from '#core/advise/edit.ts';
import type { Source } from '#core/api/diagnostic.ts';
import type { Direction, ObjectId, PolicyId } from '#core/api/types.ts';
import type { ObjectChange } from '#core/cluster/object-changes.ts';
import type { ConnectionAnswer } from '#core/connectivity/answers.ts';
import type { Cause } from '#core/connectivity/cause.ts';
import type { Dependence, OtherValue } from '#core/connectivity/dependence.ts';
import type { ChangedAnswer, DifferenceEndpoint, FullDifference, MemberChange, OneSidedAnswer } from '#core/connectivity/difference.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import type { Exposed, ExposedTo, ExposedToEndpoint, ExposureAnswer } from '#core/connectivity/exposure.ts';
import type { Witness } from '#core/connectivity/witness.ts';
import type { FailingTest } from '#core/document/documentation.ts';
import type { ClusterStatus, Gap, NodeReport, PolicyReport } from '#core/enforcement/cluster-status.ts';
import type { Diagnosis, Examined, Hindrance } from '#core/enforcement/examination.ts';
import type { Latency, NodeCheck, NodeStatus, PolicyState, PolicyStatus } from '#core/enforcement/node-status.ts';
import type { LineEdit, Finding as LintFinding, Related, Severity } from '#core/lint/finding.ts';
import type { Protocol } from '#core/net/protocol.ts';
import type {
  DocumentationAnswer,
  DocumentedGate,
  DocumentedNamespace,
  DocumentedPolicy,
  DocumentedRule,
  DocumentedWorkload,
  TalkAnswer,
} from '#core/render/documentation-json.ts';
import type { SimplificationAnswer, SimplifiedRule } from '#core/render/simplification.ts';
import type { CheckAnswer, GateAnswer, ResultAnswer, RuleAnswer } from '#core/verdict/answer.ts';
import type { Opinion } from '#core/verdict/certainty.ts';
import type { Flow } from '#core/verdict/check.ts';
import type { Drop, DropEnd, DropMiss, Missed } from '#core/verdict/drop.ts';
import type { EndpointIdentity } from '#core/verdict/endpoint.ts';
import type { Reason } from '#core/verdict/gate.ts';
import { flowOf } from '#core/verdict/parse-flow.ts';
import type { Way } from '#core/verdict/service-backends.ts';
import type { ServiceNote } from '#core/verdict/service-notes.ts';
import type { Answers } from '#lab/control.ts';
import type { FlowResult, LabReport } from '#lab/run.ts';
import { base, faultsOf, fieldsOf, partAt, partsOf, schemas } from './schemas.ts';

/** The fields of a type, and whether they are always there: the compiler refuses a table that is not the type's. */
type Fields<T> = { readonly [Name in keyof T]-?: Partial<Pick<T, Name>> extends Pick<T, Name> ? 'optional' : 'required' };

const [required, optional] = ['required', 'optional'] as const;
const fields = <T>(table: Fields<T>): object => table;
const values = <T extends string | number>(table: Readonly<Record<T, true>>): string[] => Object.keys(table);

const endpoint = {
  id: required,
  kind: required,
  namespace: optional,
  name: optional,
  workloadKind: optional,
  ip: optional,
  ranges: optional,
} as const;
const matrixEndpoint = { ...endpoint, pods: optional, members: optional } as const;
const rule = { policy: required, index: required, name: optional, source: optional } as const;
const exposedTo = { traffic: required, partial: optional, reason: required, by: required, dependsOn: optional } as const;
const connection = { from: required, to: required, ...exposedTo } as const;
const explanation = { witness: optional, because: required } as const;
const policyKinds = { NetworkPolicy: true, ClusterNetworkPolicy: true } as const;
const change = { added: true, removed: true, edited: true } as const;

describe('the schemas have the fields of the types', () => {
  const types: Record<string, object> = {
    'common.schema.json#/$defs/endpoint': fields<EndpointIdentity>(endpoint),
    'common.schema.json#/$defs/matrixEndpoint': fields<MatrixEndpoint>(matrixEndpoint),
    'common.schema.json#/$defs/policy': fields<PolicyId>({ kind: required, namespace: optional, name: required }),
    'common.schema.json#/$defs/object': fields<ObjectId>({ kind: required, namespace: optional, name: required }),
    'common.schema.json#/$defs/source': fields<Source>({ file: required, line: required, column: required }),
    'common.schema.json#/$defs/reasons': fields<ConnectionAnswer['reason']>({ egress: required, ingress: required }),
    'common.schema.json#/$defs/flow': fields<Witness>({
      from: required,
      to: required,
      protocol: required,
      port: required,
      family: required,
    }),
    'common.schema.json#/$defs/triedFlow': fields<FlowResult>({
      from: required,
      to: required,
      protocol: required,
      port: required,
      family: required,
      verdict: required,
      observed: required,
      detail: optional,
      match: required,
    }),
    'check.schema.json#/$defs/answer': fields<CheckAnswer>({
      from: required,
      to: required,
      protocol: required,
      port: required,
      family: required,
      allowed: required,
      certainty: required,
      egress: required,
      ingress: required,
      audit: optional,
      via: optional,
      notes: optional,
      targetPorts: optional,
      dependsOn: optional,
      opinions: optional,
      tied: optional,
      assumedAddress: optional,
      results: optional,
    }),
    'check.schema.json#/$defs/gate': fields<GateAnswer>({
      allowed: required,
      reason: required,
      policies: required,
      rules: required,
      nearMisses: required,
    }),
    'check.schema.json#/$defs/rule': fields<RuleAnswer>(rule),
    'check.schema.json#/$defs/nearMiss': fields<GateAnswer['nearMisses'][number]>({ ...rule, failed: required }),
    'drops.schema.json#/$defs/drop': fields<Drop>({
      time: required,
      node: required,
      audit: required,
      direction: required,
      from: required,
      to: required,
      protocol: required,
      port: required,
      packets: required,
      policies: required,
      nearMisses: required,
    }),
    'drops.schema.json#/$defs/end': fields<DropEnd>({ ...endpoint, workload: optional }),
    'drops.schema.json#/$defs/miss': fields<DropMiss>({ ...rule, failed: required, allows: required }),
    'drops.schema.json#/$defs/missed': fields<Missed>({ time: required, node: required, missed: required }),
    'check.schema.json#/$defs/result': fields<ResultAnswer>({
      from: required,
      to: required,
      port: required,
      pairs: optional,
      seenAs: optional,
      allowed: required,
      egress: required,
      ingress: required,
    }),
    'check.schema.json#/$defs/answer/properties/audit': fields<NonNullable<CheckAnswer['audit']>>({ egress: required, ingress: required }),
    'check.schema.json#/$defs/answer/properties/via': fields<NonNullable<CheckAnswer['via']>>({
      service: required,
      way: required,
      node: optional,
    }),
    'check.schema.json#/$defs/answer/properties/notes/items': fields<ServiceNote>({ code: required, message: required }),
    'check.schema.json#/$defs/answer/properties/opinions/items': fields<Opinion>({
      choice: required,
      value: required,
      allowed: required,
      profiles: required,
    }),
    'check.schema.json#/$defs/result/properties/seenAs': fields<NonNullable<ResultAnswer['seenAs']>>({
      egress: optional,
      ingress: optional,
    }),
    'simplify.schema.json#/$defs/simplification': fields<SimplificationAnswer>({
      policy: required,
      source: optional,
      coveredBy: optional,
      rules: required,
      spec: optional,
    }),
    'simplify.schema.json#/$defs/rule': fields<SimplifiedRule>({ gate: required, from: required }),
    'advice.schema.json': fields<Advice>({ goal: required, edits: required, changes: required, obstacle: optional }),
    'advice.schema.json#/$defs/edit': fields<Edit>({
      gate: required,
      action: required,
      policy: required,
      index: optional,
      item: optional,
      source: optional,
      additions: optional,
      policyTypes: optional,
    }),
    'advice.schema.json#/properties/changes/items': fields<SideEffect>({
      from: required,
      to: required,
      before: required,
      after: required,
      results: optional,
    }),
    'advice.schema.json#/$defs/pair': fields<SideEffect['before']>({ traffic: required, partial: optional }),
    'matrix.schema.json#/$defs/connection': fields<ConnectionAnswer>(connection),
    'matrix.schema.json#/$defs/connectionFields/properties/by': fields<ConnectionAnswer['by']>({ egress: required, ingress: required }),
    'matrix.schema.json#/$defs/exposure': fields<ExposureAnswer>({ endpoint: required, egress: required, ingress: required }),
    'matrix.schema.json#/$defs/exposed': fields<Exposed>({
      isolated: required,
      internet: required,
      addresses: required,
      anyPod: required,
      pods: required,
    }),
    'matrix.schema.json#/$defs/exposedTo': fields<ExposedTo>(exposedTo),
    'matrix.schema.json#/$defs/exposedToEndpoint': fields<ExposedToEndpoint>({ id: required, ...exposedTo }),
    'common.schema.json#/$defs/dependence': fields<Dependence>({
      choice: required,
      value: required,
      profiles: required,
      pairs: optional,
      others: required,
    }),
    'common.schema.json#/$defs/otherValue': fields<OtherValue>({
      value: required,
      profiles: required,
      opened: optional,
      closed: optional,
      changed: optional,
    }),
    'diff.schema.json': fields<Omit<FullDifference, 'everyone'>>({
      endpoints: required,
      added: required,
      removed: required,
      changed: required,
      objects: required,
      exposure: optional,
    }),
    'diff.schema.json#/properties/exposure': fields<NonNullable<FullDifference['exposure']>>({
      added: required,
      removed: required,
      changed: required,
    }),
    'diff.schema.json#/$defs/endpoint': fields<DifferenceEndpoint>({ ...matrixEndpoint, change: optional }),
    'diff.schema.json#/$defs/oneSided': fields<OneSidedAnswer>({ ...connection, ...explanation }),
    'diff.schema.json#/$defs/changed': fields<ChangedAnswer>({
      ...explanation,
      from: required,
      to: required,
      before: required,
      after: required,
      partialBefore: optional,
      partialAfter: optional,
      results: optional,
    }),
    'common.schema.json#/$defs/memberChange': fields<MemberChange>({
      from: required,
      to: required,
      family: required,
      before: required,
      after: required,
    }),
    'diff.schema.json#/$defs/cause': fields<Cause>({
      change: required,
      gate: optional,
      policy: optional,
      isolates: optional,
      index: optional,
      source: optional,
      endpoint: optional,
    }),
    'diff.schema.json#/$defs/objectChange': fields<ObjectChange>({ change: required, object: required, source: optional }),
    'lint.schema.json#/$defs/finding': fields<LintFinding>({
      code: required,
      severity: required,
      message: required,
      policy: optional,
      source: optional,
      related: optional,
      fix: optional,
    }),
    'lint.schema.json#/$defs/related': fields<Related>({ message: required, source: required }),
    'lint.schema.json#/$defs/lineEdit': fields<LineEdit>({ source: required, find: required, replace: required }),
    'docs.schema.json': fields<DocumentationAnswer>({
      namespaces: required,
      clusterPolicies: required,
      tests: optional,
      choices: required,
    }),
    'docs.schema.json#/$defs/namespace': fields<DocumentedNamespace>({
      name: required,
      description: optional,
      owner: optional,
      workloads: required,
      policies: required,
    }),
    'docs.schema.json#/$defs/workload': fields<DocumentedWorkload>({
      endpoint: required,
      description: optional,
      owner: optional,
      source: optional,
      ingress: required,
      egress: required,
    }),
    'docs.schema.json#/$defs/gate': fields<DocumentedGate>({ isolation: required, policies: required, talks: required }),
    'docs.schema.json#/$defs/talk': fields<TalkAnswer>({
      with: required,
      traffic: required,
      partial: optional,
      reason: required,
      by: required,
      elsewhere: required,
    }),
    'docs.schema.json#/$defs/policy': fields<DocumentedPolicy>({
      policy: required,
      description: optional,
      owner: optional,
      source: optional,
      tier: optional,
      subject: required,
      now: required,
      isolates: required,
      rules: required,
    }),
    'docs.schema.json#/$defs/rule': fields<DocumentedRule>({
      gate: required,
      index: required,
      name: optional,
      action: required,
      meaning: required,
      now: optional,
      source: optional,
      tested: optional,
    }),
    'docs.schema.json#/$defs/failing': fields<FailingTest>({ document: required, name: required, status: required, source: optional }),
    'docs.schema.json#/$defs/tests': fields<NonNullable<DocumentationAnswer['tests']>>({
      passed: required,
      failing: required,
      covered: required,
      total: required,
    }),
    'doctor.schema.json': fields<Diagnosis>({ checks: required, problems: required, warnings: required }),
    'doctor.schema.json#/$defs/check': fields<Examined>({ check: required, state: required, summary: required, hindrances: required }),
    'doctor.schema.json#/$defs/hindrance': fields<Hindrance>({ severity: required, message: required, remedy: required }),
    'lab-run.schema.json': fields<LabReport>({ flows: required, mismatches: required, errors: required, skipped: required }),
    'agent-status.schema.json': fields<NodeStatus>({
      node: required,
      version: required,
      commit: optional,
      started: required,
      synced: optional,
      programmed: optional,
      ready: required,
      checks: required,
      latency: optional,
      failures: required,
      policies: required,
    }),
    'agent-status.schema.json#/$defs/check': fields<NodeCheck>({ name: required, ok: required, message: required }),
    'agent-status.schema.json#/$defs/latency': fields<Latency>({ median: required, worst: required, changes: required }),
    'agent-status.schema.json#/$defs/policy': fields<PolicyStatus>({
      kind: required,
      namespace: optional,
      name: required,
      uid: optional,
      generation: optional,
      state: required,
      reason: optional,
      since: optional,
      subjects: required,
    }),
    'status.schema.json': fields<ClusterStatus>({ enforced: required, nodes: required, policies: required }),
    'status.schema.json#/$defs/node': fields<NodeReport>({
      node: required,
      agent: required,
      nodeReady: optional,
      version: optional,
      policies: optional,
      enforced: optional,
      latency: optional,
      messages: required,
    }),
    'status.schema.json#/$defs/policy': fields<PolicyReport>({
      kind: required,
      namespace: optional,
      name: required,
      generation: optional,
      enforced: required,
      nodes: required,
      since: optional,
      gaps: required,
    }),
    'status.schema.json#/$defs/gap': fields<Gap>({ node: required, state: required, generation: optional, reason: optional }),
    'lab-up.schema.json': fields<Answers['about']>({ name: required, pid: required }),
    // A port is not needed for a protocol without ports, and 0 then.
    'flows.schema.json#/$defs/flow': {
      ...fields<Flow>({ from: required, to: required, protocol: optional, port: required, family: optional }),
      port: optional,
    },
  };

  it.each(Object.entries(types))('%s', (reference, table) => {
    expect(fieldsOf(reference)).toEqual(table);
  });
});

describe('the schemas have the values of the types', () => {
  const types: Record<string, string[]> = {
    'common.schema.json#/$defs/reason': values<Reason>({
      'not-isolated': true,
      rule: true,
      'no-rule-matched': true,
      self: true,
      hairpin: true,
      'own-node': true,
      'unpoliced-endpoint': true,
      tier: true,
    }),
    'common.schema.json#/$defs/direction': values<Direction>({ ingress: true, egress: true }),
    'common.schema.json#/$defs/protocol': values<Protocol>({ TCP: true, UDP: true, SCTP: true }),
    'common.schema.json#/$defs/endpointFields/properties/kind': values<EndpointIdentity['kind']>({
      Pod: true,
      Workload: true,
      Service: true,
      Node: true,
      Internet: true,
      External: true,
      Potential: true,
    }),
    'common.schema.json#/$defs/policy/properties/kind': values<PolicyId['kind']>(policyKinds),
    'common.schema.json#/$defs/object/properties/kind': values<ObjectId['kind']>({
      ...policyKinds,
      Namespace: true,
      Pod: true,
      Node: true,
      Service: true,
      EndpointSlice: true,
    }),
    'common.schema.json#/$defs/triedFlow/properties/verdict': values<FlowResult['verdict']>({ allow: true, deny: true }),
    'common.schema.json#/$defs/triedFlow/properties/observed': values<FlowResult['observed']>({
      allow: true,
      deny: true,
      error: true,
      skipped: true,
    }),
    'doctor.schema.json#/$defs/check/properties/state': values<Examined['state']>({
      ok: true,
      warning: true,
      problem: true,
      skipped: true,
    }),
    'doctor.schema.json#/$defs/hindrance/properties/severity': values<Hindrance['severity']>({ warning: true, problem: true }),
    'check.schema.json#/$defs/answer/properties/certainty': values<CheckAnswer['certainty']>({
      defined: true,
      undefined: true,
      'cni-dependent': true,
    }),
    'check.schema.json#/$defs/answer/properties/via/properties/way': values<Way['kind']>({
      name: true,
      'cluster-ip': true,
      'node-port': true,
      'load-balancer': true,
      'external-ip': true,
    }),
    'check.schema.json#/$defs/answer/properties/notes/items/properties/code': values<ServiceNote['code']>({
      'port-translated': true,
      headless: true,
      'no-selector': true,
      'block-of-cluster-ip': true,
      'closed-to-outside': true,
      'source-replaced': true,
      'source-kept': true,
      'load-balancer': true,
      'source-ranges': true,
      'nodes-unknown': true,
      'local-endpoints': true,
    }),
    'check.schema.json#/$defs/nearMiss/properties/failed': values<GateAnswer['nearMisses'][number]['failed']>({ peer: true, port: true }),
    'advice.schema.json#/properties/goal': values<Advice['goal']>({ allow: true, deny: true }),
    'advice.schema.json#/$defs/edit/properties/action': values<Edit['action']>({
      'add-port': true,
      'add-peer': true,
      'add-rule': true,
      'add-policy': true,
      'remove-port': true,
      'remove-peer': true,
      'remove-rule': true,
    }),
    'lint.schema.json#/$defs/finding/properties/severity': values<Severity>({ error: true, warning: true, note: true }),
    'agent-status.schema.json#/$defs/check/properties/name': values<NodeCheck['name']>({ synced: true, programmed: true, judged: true }),
    'agent-status.schema.json#/$defs/policy/properties/state': values<PolicyState>({
      enforced: true,
      audit: true,
      closed: true,
      unreadable: true,
      'not-needed': true,
    }),
    'status.schema.json#/$defs/node/properties/agent': values<NodeReport['agent']>({
      ready: true,
      unready: true,
      unanswered: true,
      missing: true,
    }),
    'status.schema.json#/$defs/gap/properties/state': values<Gap['state']>({
      pending: true,
      audit: true,
      closed: true,
      unreadable: true,
      unanswered: true,
      missing: true,
    }),
    'docs.schema.json#/$defs/gate/properties/isolation': values<DocumentedGate['isolation']>({
      all: true,
      some: true,
      none: true,
      unseen: true,
    }),
    'docs.schema.json#/$defs/rule/properties/action': values<DocumentedRule['action']>({ accept: true, deny: true, pass: true }),
    'diff.schema.json#/$defs/change': values<Cause['change'] & ObjectChange['change']>(change),
    'diff.schema.json#/$defs/endpoint/properties/change': values<NonNullable<DifferenceEndpoint['change']>>({ added: true, removed: true }),
  };

  it.each(Object.entries(types))('%s', (reference, all) => {
    expect(new Set(partAt(reference).enum)).toEqual(new Set(all));
  });
});

describe('the schemas are documentation', () => {
  it.each([...schemas])('%s says what it is, and what every field means', (name, schema) => {
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: `${base}${name}.schema.json` });
    expect(schema.title).toMatch(/^(Sallyport|sallyport|Flows|The) ?/);
    const undescribed = [...partsOf(schema)].flatMap(([place, { properties = {} }]) =>
      // What an `if` looks at is described where it is defined.
      /\/(if|then)$/.test(place)
        ? []
        : Object.entries(properties)
            .filter(([, { description, $ref }]) => description === undefined && $ref === undefined)
            .map(([field]) => `${place}/${field}`),
    );
    expect(undescribed).toEqual([]);
    expect(Object.values(schema.$defs ?? {}).every(({ description }) => description !== undefined)).toBe(true);
  });

  it.each([...schemas])('%s knows all fields: an undocumented one is a fault', (_, schema) => {
    const open = [...partsOf(schema)].flatMap(([place, part]) => {
      const isClosed = part.additionalProperties !== undefined || part.unevaluatedProperties === false;
      // Fields that others take over are closed there; those of manifests are not ours.
      return part.properties === undefined || isClosed || /(Fields|answer|\/if|\/then)$/.test(place) ? [] : [place];
    });
    expect(open).toEqual([]);
  });

  it('docs/json.md names them all', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/json.md'), 'utf8');
    for (const name of schemas.keys()) expect(page).toContain(`(../schema/${name}.schema.json)`);
  });
});

describe('what flows may say', () => {
  const flow = { from: 'shop/client', to: 'shop/web', port: 80 };
  it.each([
    flow,
    { ...flow, protocol: 'UDP', family: 6 },
    { from: 'shop/client', to: 'shop/web', protocol: 'ICMP' },
    { ...flow, protocol: 'ICMP', port: 0 },
    { ...flow, port: 0 },
    { ...flow, port: 65_536 },
    { ...flow, port: '80' },
    { ...flow, family: 5 },
    { ...flow, protocol: 'TPC' },
    { ...flow, prot: 'TCP' },
    { ...flow, from: '' },
    { from: 'shop/client', port: 80 },
    { from: 'shop/client', to: 'shop/web' },
    'shop/client',
  ])('%j is the same to schema and program', (entry) => {
    expect(faultsOf('flows', [entry]).length === 0).toBe(!('message' in flowOf(entry)));
  });
});
