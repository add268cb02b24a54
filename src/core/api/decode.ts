import { type Choices, defaultChoices } from './choices.ts';
import { type Channel, clusterNetworkPolicyKinds } from './cluster-network-policy.ts';
import type { Diagnostic } from './diagnostic.ts';
import { endpointSliceKind } from './endpoint-slice.ts';
import { Faults, nowhere, type Place } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { namespaceKind } from './namespace.ts';
import { networkPolicyKind } from './network-policy.ts';
import { nodeKind } from './node.ts';
import { podKind } from './pod.ts';
import { Pool } from './pool.ts';
import { isObject } from './reader.ts';
import { validateSelector } from './selector.ts';
import { serviceKind } from './service.ts';
import type { KubernetesObject } from './types.ts';
import { textAt } from './values.ts';
import { type Workload, workloadKinds } from './workload.ts';

/** What decoding needs to know beside the value; everything has a default. */
export interface DecodeContext {
  /** Where the fields of the value stand. */
  readonly place?: Place;
  /** The namespace of namespaced objects that name none; `default` unless given. */
  readonly defaultNamespace?: string;
  readonly choices?: Choices;
  /** The API server's StrictIPCIDRValidation; unless given, what the choice cidr-host-bits says. */
  readonly strictCidr?: boolean;
  /** The schema of ClusterNetworkPolicy; unless given, the experimental one, which has all fields. */
  readonly channel?: Channel;
  /**
   * The objects come from an API server, which has taken them: a ClusterNetworkPolicy that says more than this program understands is
   * not refused, but closed where it is not understood. Source: semantics.md section 6.4.
   */
  readonly isStored?: boolean;
  /** Shares equal parts of the objects that are decoded with the same pool. */
  readonly pool?: Pool;
  /** Told of every sound object with its manifest, for those who look at how a thing is written and not only at what it means. */
  readonly onObject?: OnObject;
  /** Told of every object of a kind that is not read, for those who want more of it than what it decides. */
  readonly onForeign?: OnForeign;
}

/** Takes the JSON value of an object of a kind that is not read, where its fields stand, and the namespace of one that names none. */
export type OnForeign = (value: unknown, place: Place, defaultNamespace: string) => void;

/** Takes an object with the JSON value that it was read from, and where that value's fields stand. */
export type OnObject = (object: KubernetesObject | Workload, value: unknown, place: Place) => void;

/** What a value holds. A faulty object is not among the objects; its faults are among the diagnostics. */
export interface Decoded {
  readonly objects: readonly KubernetesObject[];
  /** Objects that make pods; `expandWorkloads` says which. */
  readonly workloads: readonly Workload[];
  readonly diagnostics: readonly Diagnostic[];
  /** One diagnostic for each object of a kind that this program does not read: an error or not, as the caller decides. */
  readonly unknown: readonly Diagnostic[];
  /** Whether nothing is unknown. */
  readonly recognized: boolean;
}

/** A decoding under way. */
interface Session {
  readonly surroundings: Surroundings;
  readonly unknownFields: 'error' | 'warning';
  readonly channel: Channel;
  readonly onObject: OnObject | undefined;
  readonly onForeign: OnForeign | undefined;
  readonly objects: KubernetesObject[];
  readonly workloads: Workload[];
  readonly diagnostics: Diagnostic[];
  readonly unknown: Diagnostic[];
}

function sessionOf(context: DecodeContext, tolerantValues: boolean): Session {
  const { place = nowhere, defaultNamespace = 'default', choices = defaultChoices, pool = new Pool() } = context;
  const { channel = 'experimental', isStored = false } = context;
  const strictCidr = context.strictCidr ?? choices['cidr-host-bits'] === 'reject';
  return {
    surroundings: { place, defaultNamespace, pool, strictCidr, tolerantValues, isStored },
    unknownFields: choices['unknown-fields'] === 'error' ? 'error' : 'warning',
    channel,
    onObject: context.onObject,
    onForeign: context.onForeign,
    objects: [],
    workloads: [],
    diagnostics: [],
    unknown: [],
  };
}

/** Decodes a JSON value that is a Kubernetes object or a list of them: reads it, fills defaults, validates as the API server does. */
export function decodeObject(value: unknown, context: DecodeContext = {}): Decoded {
  const session = sessionOf(context, false);
  decode(value, session);
  const { objects, workloads, diagnostics, unknown } = session;
  return { objects, workloads, diagnostics, unknown, recognized: unknown.length === 0 };
}

/**
 * Everything that the API server has to say of a NetworkPolicy that is to replace `old`. Values in selectors that are not label
 * values are tolerated when the old policy's own selector is faulty (rule U1). Source: semantics.md section 1.6.
 */
export function validateUpdate(value: unknown, old: unknown, context: DecodeContext = {}): readonly Diagnostic[] {
  const selector = new Faults('', nowhere);
  const before = networkPolicyKind.reader.read(old, { faults: new Faults('', nowhere), path: [], unknownFields: 'warning' });
  validateSelector(before.spec?.podSelector ?? {}, [], false, selector);
  const session = sessionOf(context, selector.fatal);
  decode(value, session);
  const faults = new Faults(titleOf(value, session), session.surroundings.place);
  for (const field of ['name', 'namespace'] as const) {
    const [was, is] = [before.metadata?.[field], textAt(value, 'metadata', field)];
    if (was && is && was !== is) faults.invalid(['metadata', field], is, 'field is immutable');
  }
  return [...session.diagnostics, ...faults.diagnostics];
}

const kinds: ReadonlyMap<string, (value: unknown, session: Session) => void> = new Map([
  decoderOf(networkPolicyKind),
  clusterNetworkPolicyDecoder(),
  decoderOf(podKind),
  decoderOf(serviceKind),
  decoderOf(endpointSliceKind),
  decoderOf(namespaceKind),
  decoderOf(nodeKind),
  ...workloadKinds.map(decoderOf),
]);

function decoderOf<W>(kind: Kind<W, KubernetesObject | Workload>): [string, (value: unknown, session: Session) => void] {
  return [`${kind.apiVersion} ${kind.kind}`, (value, session) => decodeKind(kind, value, session)];
}

function clusterNetworkPolicyDecoder(): [string, (value: unknown, session: Session) => void] {
  const [name] = decoderOf(clusterNetworkPolicyKinds.experimental);
  return [name, (value, session) => decodeKind(clusterNetworkPolicyKinds[session.channel], value, session)];
}

function decodeKind<W>(kind: Kind<W, KubernetesObject | Workload>, value: unknown, session: Session): void {
  const { surroundings } = session;
  const faults = new Faults(titleOf(value, session), surroundings.place);
  const written = kind.reader.read(value, { faults, path: [], unknownFields: unknownFieldsOf(kind, session) });
  if (faults.readable) kind.validate(written, surroundings, faults);
  session.diagnostics.push(...faults.diagnostics);
  if (faults.fatal) return;
  const object = kind.build(written, surroundings);
  if ('count' in object) session.workloads.push(object);
  else session.objects.push(object);
  session.onObject?.(object, value, surroundings.place);
}

/** What an API server keeps of a field that is unknown here was meant; the kind itself says how it closes for it. */
const unknownFieldsOf = ({ kind }: { readonly kind: string }, { surroundings, unknownFields }: Session): 'error' | 'warning' =>
  surroundings.isStored && kind === 'ClusterNetworkPolicy' ? 'warning' : unknownFields;

function decode(value: unknown, session: Session): void {
  const [apiVersion, kind] = [textAt(value, 'apiVersion'), textAt(value, 'kind')];
  const decoder = kinds.get(`${apiVersion} ${kind}`);
  if (decoder !== undefined) decoder(value, session);
  else if (isListOfKnown(apiVersion, kind)) decodeItems(value as Readonly<Record<string, unknown>>, session);
  else report(apiVersion, kind, value, session);
}

/** A List, or a list of one kind as the API gives it, whose items may leave out what the list's kind says. */
function isListOfKnown(apiVersion: string, kind: string): boolean {
  return kind.endsWith('List') && ((apiVersion === 'v1' && kind === 'List') || isKnown(apiVersion, kind.slice(0, -4)));
}

const isKnown = (apiVersion: string, kind: string): boolean => kinds.has(`${apiVersion} ${kind}`) || isTrafficPolicy(apiVersion, kind);

function decodeItems(value: Readonly<Record<string, unknown>>, session: Session): void {
  const { items } = value;
  if (items === undefined || items === null) return;
  if (!Array.isArray(items)) {
    const faults = new Faults(titleOf(value, session), session.surroundings.place);
    faults.decode(['items'], 'cannot unmarshal a value that is no array into a field of type array');
    session.diagnostics.push(...faults.diagnostics);
    return;
  }
  const kind = textAt(value, 'kind').slice(0, -4);
  const implied = { apiVersion: value.apiVersion, kind };
  const { place } = session.surroundings;
  for (const [index, item] of items.entries()) {
    const complete = kind !== '' && isObject(item) ? { ...implied, ...item } : item;
    decode(complete, { ...session, surroundings: { ...session.surroundings, place: (path) => place(['items', index, ...path]) } });
  }
}

const policyKinds = ['NetworkPolicy', 'ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'];
const policyGroups = ['', 'networking.k8s.io', 'extensions', 'policy.networking.k8s.io'];

const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));

/** Whether an object claims to decide about traffic as Kubernetes itself defines it, in whatever version and letter case. */
function isTrafficPolicy(apiVersion: string, kind: string): boolean {
  return policyGroups.includes(groupOf(apiVersion)) && policyKinds.some((known) => known.toLowerCase() === kind.toLowerCase());
}

/**
 * The kinds by which network plugins and service meshes decide about traffic, too, by their groups. Source: the documentation of Cilium,
 * Calico, Antrea, OVN-Kubernetes, OpenShift SDN, the AWS VPC CNI, GKE, Istio and Linkerd.
 */
const foreignPolicies = new Map<string, readonly string[]>(
  Object.entries({
    'cilium.io': ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'],
    'projectcalico.org': ['NetworkPolicy', 'GlobalNetworkPolicy'],
    'crd.projectcalico.org': ['NetworkPolicy', 'GlobalNetworkPolicy'],
    'crd.antrea.io': ['NetworkPolicy', 'ClusterNetworkPolicy'],
    'k8s.ovn.org': ['EgressFirewall'],
    'network.openshift.io': ['EgressNetworkPolicy'],
    'networking.k8s.aws': ['ApplicationNetworkPolicy', 'ClusterNetworkPolicy'],
    'networking.gke.io': ['FQDNNetworkPolicy'],
    'security.istio.io': ['AuthorizationPolicy'],
    'policy.linkerd.io': ['AuthorizationPolicy', 'ServerAuthorization'],
  }),
);

const isForeignPolicy = (apiVersion: string, kind: string): boolean => foreignPolicies.get(groupOf(apiVersion))?.includes(kind) ?? false;

/** An object that is not read: one that decides about traffic is an error whoever asks. */
function report(apiVersion: string, kind: string, value: unknown, session: Session): void {
  const source = session.surroundings.place([]);
  const at = { severity: 'error' as const, ...(source && { source }), object: titleOf(value, session) };
  const what = `kind "${kind}" in version "${apiVersion}"`;
  if (isTrafficPolicy(apiVersion, kind)) session.diagnostics.push({ code: 'unsupported-kind', message: refusal(kind, what), ...at });
  else if (apiVersion === '' || kind === '')
    session.unknown.push({ code: 'unknown-kind', message: 'not a Kubernetes object: apiVersion or kind is not set', ...at });
  else {
    const message = `${what} is not read by this program`;
    if (isForeignPolicy(apiVersion, kind))
      session.unknown.push({ code: 'foreign-policy', message: `${message}, and decides about traffic, too`, ...at });
    else session.unknown.push({ code: 'unknown-kind', message, ...at });
    session.onForeign?.(value, session.surroundings.place, session.surroundings.defaultNamespace);
  }
}

const refusal = (kind: string, what: string): string =>
  kind.toLowerCase() === 'networkpolicy'
    ? `no matches for ${what}: a NetworkPolicy is of version "networking.k8s.io/v1"`
    : `${what} decides about traffic and is not supported yet`;

/** Policies of no namespace. */
const clusterScoped = /^(Cluster|Admin|BaselineAdmin|Global|CiliumClusterwide)NetworkPolicy$/;

/** An object as messages name it: `NetworkPolicy shop/deny`. */
function titleOf(value: unknown, { surroundings }: Session): string {
  const kind = textAt(value, 'kind');
  const name = textAt(value, 'metadata', 'name') || textAt(value, 'metadata', 'generateName');
  const isClusterScoped = kind === 'Namespace' || kind === 'Node' || clusterScoped.test(kind);
  const namespace = isClusterScoped ? '' : textAt(value, 'metadata', 'namespace') || surroundings.defaultNamespace;
  const qualified = namespace === '' || name === '' ? name : `${namespace}/${name}`;
  return `${kind || 'object'} ${qualified}`.trim();
}
