import type { Direction } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type ClusterDns, clusterDnsOf } from './cluster-dns.ts';
import { type Draft, type Generated, isThere, listed, named } from './generated-policy.ts';

/** For which namespaces policies are made, and which gates they close. */
export interface Scope {
  readonly namespaces: readonly string[];
  readonly directions: readonly Direction[];
}

/** Namespaces of the cluster itself, whose pods need more than a program can know. */
export const isOfSystem = (name: string): boolean => name.startsWith('kube-') || name.startsWith('openshift-');

/** The namespaces that a default deny is for when nobody names any; and those of the cluster itself, which are left out. */
export function usualNamespaces(cluster: Cluster): { readonly namespaces: readonly string[]; readonly leftOut: readonly string[] } {
  const all = [...cluster.namespaces.keys()].sort();
  return { namespaces: all.filter((name) => !isOfSystem(name)), leftOut: all.filter(isOfSystem) };
}

/** Policies that close the gates of every pod of the namespaces, and let the pods ask for names. */
export function defaultDeny(cluster: Cluster, scope: Scope): Generated {
  const { drafts, notes } = denyDrafts(cluster, scope);
  return { policies: named(cluster, drafts), notes };
}

/** What is said about namespaces before the policies have their names. */
export interface Drafted {
  readonly drafts: readonly Draft[];
  readonly notes: readonly string[];
}

/** The default deny, without names yet. */
export function denyDrafts(cluster: Cluster, scope: Scope): Drafted {
  return generate(cluster, scope, (namespace, directions) => ({
    name: directions.length === 2 ? 'default-deny' : `default-deny-${directions[0]}`,
    namespace,
    description: `Denies ${wordsOf(directions)} that no other policy allows, for every pod of the namespace.`,
    podSelector: {},
    ...Object.fromEntries(directions.map((direction) => [direction, []])),
  }));
}

/** Policies that let the pods of a namespace talk to each other and to nobody else, but for asking for names. */
export function isolation(cluster: Cluster, scope: Scope): Generated {
  const rules: Readonly<Record<Direction, object>> = { ingress: { from: [{ podSelector: {} }] }, egress: { to: [{ podSelector: {} }] } };
  const { drafts, notes } = generate(cluster, scope, (namespace, directions) => ({
    name: 'allow-same-namespace',
    namespace,
    description: `Pods of the namespace may talk to each other; denies ${wordsOf(directions)} that no other policy allows.`,
    podSelector: {},
    ...Object.fromEntries(directions.map((direction) => [direction, [rules[direction]]])),
  }));
  return { policies: named(cluster, drafts), notes };
}

const wordsOf = (directions: readonly Direction[]): string =>
  directions.length === 2 ? 'all connections, in and out,' : directions[0] === 'ingress' ? 'connections in' : 'connections out';

/** One policy a namespace, in those directions in which it is missing, and what the pods need besides. */
function generate(cluster: Cluster, scope: Scope, draftOf: (namespace: string, directions: readonly Direction[]) => Draft): Drafted {
  const dns = clusterDnsOf(cluster);
  const drafts: Draft[] = [];
  const notes: string[] = [];
  const done: string[] = [];
  for (const namespace of scope.namespaces) {
    const missing = scope.directions.filter((direction) => !isThere(cluster, draftOf(namespace, [direction]), direction));
    if (missing.length > 0) drafts.push(draftOf(namespace, missing));
    else done.push(namespace);
    drafts.push(...dnsDrafts(cluster, dns, namespace, scope.directions));
    notes.push(...dnsNotes(dns, namespace, missing));
  }
  if (done.length > 0) notes.unshift(`${listed(done)}: the policies there do already what ${draftOf('', scope.directions).name} would do`);
  const asks = drafts.some(({ name }) => name === dnsName);
  if (asks && !dns.isKnown)
    notes.push(
      `the cluster's DNS is not in the input: ${dnsName} lets pods ask those that kube-system labels k8s-app=kube-dns, as most clusters have it`,
    );
  return { drafts, notes };
}

const dnsName = 'allow-dns';

/** Pods that may not open connections still have to ask for names; those that are asked have to be reached. */
function dnsDrafts(cluster: Cluster, dns: ClusterDns, namespace: string, directions: readonly Direction[]): Draft[] {
  const asking: Draft = {
    name: dnsName,
    namespace,
    description: "Every pod of the namespace may ask the cluster's DNS, over UDP and TCP.",
    podSelector: {},
    egress: dns.rules,
  };
  const answering = dns.servers.flatMap((server, index): Draft[] =>
    server.namespace !== namespace
      ? []
      : [
          {
            name: 'allow-dns-queries',
            namespace,
            description: "Everybody may ask the cluster's DNS, pods and nodes.",
            podSelector: server.podSelector,
            ingress: [{ ports: dns.rules[index]!.ports }],
          },
        ],
  );
  return [
    ...(directions.includes('egress') && !isThere(cluster, asking, 'egress') ? [asking] : []),
    ...answering.filter((draft) => directions.includes('ingress') && !isThere(cluster, draft, 'ingress')),
  ];
}

/** The DNS itself asks others, of whom only its configuration tells. */
function dnsNotes({ servers }: ClusterDns, namespace: string, missing: readonly Direction[]): string[] {
  if (!missing.includes('egress') || !servers.some((server) => server.namespace === namespace)) return [];
  return [`${namespace}: the cluster's DNS runs here, and must still reach the API server and the DNS servers outside that it asks`];
}
