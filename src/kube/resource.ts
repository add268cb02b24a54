/** Where objects of one kind are in the API. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Of its objects: `Pod`. */
  readonly kind: string;
  /** In URLs and rules of RBAC: `pods`. */
  readonly name: string;
  readonly namespaced: boolean;
}

const resource = (group: string, version: string, kind: string, name: string, namespaced = true): Resource => ({
  group,
  version,
  kind,
  name,
  namespaced,
});

/** The kinds that are asked for. */
export const namespaces = resource('', 'v1', 'Namespace', 'namespaces', false);
export const nodes = resource('', 'v1', 'Node', 'nodes', false);
export const pods = resource('', 'v1', 'Pod', 'pods');
export const services = resource('', 'v1', 'Service', 'services');
export const endpointSlices = resource('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices');
export const networkPolicies = resource('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies');
export const replicaSets = resource('apps', 'v1', 'ReplicaSet', 'replicasets');
export const jobs = resource('batch', 'v1', 'Job', 'jobs');
export const daemonSets = resource('apps', 'v1', 'DaemonSet', 'daemonsets');
export const deployments = resource('apps', 'v1', 'Deployment', 'deployments');
export const configMaps = resource('', 'v1', 'ConfigMap', 'configmaps');

/** What is sent to be answered, and kept nowhere. */
export const accessReviews = resource('authorization.k8s.io', 'v1', 'SubjectAccessReview', 'subjectaccessreviews', false);

/** What is written, and never read. */
export const events = resource('', 'v1', 'Event', 'events');

/** The path of a list, of all namespaces or of one, or of one object. */
export function pathOf(
  { group, version, name, namespaced }: Resource,
  { namespace, object }: { namespace?: string; object?: string } = {},
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const parts = [
    ...(namespaced && namespace !== undefined ? ['namespaces', namespace] : []),
    name,
    ...(object === undefined ? [] : [object]),
  ];
  return [root, ...parts.map(encodeURIComponent)].join('/');
}

/** As RBAC and kubectl call it: `networkpolicies.networking.k8s.io`. */
export const qualifiedResource = ({ group, name }: Resource): string => (group === '' ? name : `${name}.${group}`);

/** As `apiVersion` of its objects says it. */
export const apiVersionOf = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);
