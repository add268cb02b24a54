import { existsSync } from 'node:fs';
import { closest } from '#core/api/spelling.ts';
import { parseTimeout } from './duration.ts';
import { KubeFault } from './fault.ts';
import { type KubeCluster, type Kubeconfig, type KubeUser, kubeconfigFiles, readKubeconfig } from './kubeconfig.ts';
import { ownServer, serviceAccountDirectory } from './service-account.ts';

/** The usual flags of kubectl, by the names that they have there. */
export interface KubeOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
  readonly token?: string;
  readonly server?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly certificateAuthority?: string;
  readonly tlsServerName?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly requestTimeout?: string;
}

/** Which server to ask, and as whom: the kubeconfig with the flags over it. */
export interface Target {
  /** The URL without a slash at its end; it may have a path. */
  readonly server: string;
  readonly cluster: KubeCluster;
  readonly user: KubeUser;
  /** What the kubeconfig calls the user, unless a token takes its place. */
  readonly userName?: string;
  /** Milliseconds for one request; absent: as long as it takes. */
  readonly timeout?: number;
}

/** What stands outside the flags. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  /** Where a pod finds what it needs to talk with its own cluster. */
  readonly serviceAccount: string;
}

export const defaultSurroundings: Surroundings = {
  environment: process.env,
  serviceAccount: serviceAccountDirectory,
};

/** The target that the flags and the kubeconfig mean, in the order of kubectl. Source: DirectClientConfig in k8s.io/client-go/tools/clientcmd. */
export function targetOf(options: KubeOptions, surroundings: Surroundings = defaultSurroundings): Target {
  const config = readKubeconfig(options.kubeconfig, surroundings.environment);
  const context = contextOf(config, options);
  const clusterName = options.cluster ?? context.cluster;
  const userName = options.user ?? context.user;
  const inside = clusterName === undefined && options.server === undefined ? ownCluster(surroundings) : undefined;
  if (clusterName === undefined && options.server === undefined && inside === undefined) throw nowhereToAsk(config, options, surroundings);
  const cluster = withClusterFlags(inside?.cluster ?? named('cluster', clusterName, config.clusters), options);
  const user = withUserFlags(inside?.user ?? named('user', userName, config.users), options);
  const server = cluster.server?.replace(/\/+$/, '');
  if (!server) throw new KubeFault('configuration', `cluster ${JSON.stringify(clusterName)} of the kubeconfig names no server`);
  if (!isHttp(server)) throw new KubeFault('configuration', `the server ${server} is no URL: it must begin with https:// or http://`);
  const timeout = timeoutOf(options);
  return { server, cluster, user, ...(userName && options.token === undefined && { userName }), ...(timeout && { timeout }) };
}

function contextOf(config: Kubeconfig, options: KubeOptions): { readonly cluster?: string; readonly user?: string } {
  const name = options.context ?? config.currentContext;
  if (name === undefined) return {};
  const { cluster, user } = named('context', name, config.contexts);
  return { ...(cluster && { cluster }), ...(user && { user }) };
}

/** The entry of that name; without a name an empty one. */
function named<T extends object>(what: string, name: string | undefined, entries: ReadonlyMap<string, T>): Partial<T> {
  if (name === undefined) return {};
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const names = [...entries.keys()].sort();
  const suggestion = closest(name, names);
  const nearest = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  throw new KubeFault(
    'configuration',
    `${what} ${JSON.stringify(name)} does not exist${nearest}`,
    names.length === 0 ? `the kubeconfig holds no ${what}` : `there are: ${names.join(', ')}`,
  );
}

function nowhereToAsk(config: Kubeconfig, { kubeconfig }: KubeOptions, { environment }: Surroundings): KubeFault {
  if (config.files.length > 0) {
    const contexts = [...config.contexts.keys()].sort();
    return new KubeFault(
      'configuration',
      `no context is chosen: ${config.files.join(', ')} sets no current-context`,
      contexts.length === 0
        ? 'say with -s which server is meant'
        : `say with --context which one is meant; there are: ${contexts.join(', ')}`,
    );
  }
  const files = kubeconfig === undefined ? kubeconfigFiles(environment) : [kubeconfig];
  return new KubeFault(
    'configuration',
    `there is no cluster to read: no kubeconfig at ${files.join(', ')}`,
    'say with -f where manifests are, or with --kubeconfig or KUBECONFIG where a kubeconfig is',
  );
}

/** What a pod knows of the cluster that it runs in. Source: InClusterConfig in k8s.io/client-go/rest. */
function ownCluster({ environment, serviceAccount }: Surroundings): { cluster: KubeCluster; user: KubeUser } | undefined {
  const server = ownServer(environment);
  const tokenFile = `${serviceAccount}/token`;
  if (server === undefined || !existsSync(tokenFile)) return undefined;
  const authority = `${serviceAccount}/ca.crt`;
  return {
    cluster: {
      server,
      ...(existsSync(authority) && { 'certificate-authority': authority }),
    },
    user: { tokenFile },
  };
}

/** Another server than the kubeconfig's has another name; the authority stays. Trust is a matter of one place: a flag about it replaces all of it. */
function withClusterFlags(cluster: KubeCluster, options: KubeOptions): KubeCluster {
  const { server, insecureSkipTlsVerify, certificateAuthority, tlsServerName } = options;
  const {
    'certificate-authority': authority,
    'certificate-authority-data': authorityText,
    'insecure-skip-tls-verify': skips,
    'tls-server-name': serverName,
    ...rest
  } = cluster;
  const isTrustSaid = insecureSkipTlsVerify !== undefined || certificateAuthority !== undefined;
  const name = tlsServerName ?? (server === undefined ? serverName : undefined);
  return {
    ...rest,
    ...(server !== undefined && { server }),
    ...(name && { 'tls-server-name': name }),
    ...(!isTrustSaid && authority && { 'certificate-authority': authority }),
    ...(!isTrustSaid && authorityText && { 'certificate-authority-data': authorityText }),
    ...(!isTrustSaid && skips && { 'insecure-skip-tls-verify': true }),
    ...(certificateAuthority && { 'certificate-authority': certificateAuthority }),
    ...(insecureSkipTlsVerify && { 'insecure-skip-tls-verify': true }),
  };
}

function withUserFlags(user: KubeUser, options: KubeOptions): KubeUser {
  if (user['as-user-extra'] !== undefined) throw new KubeFault('configuration', 'as-user-extra of a kubeconfig is not supported');
  const { as: before, 'as-groups': groupsBefore, 'as-uid': uidBefore, ...own } = user;
  const { as = before, asGroup: groups = groupsBefore, asUid: uid = uidBefore } = options;
  if (as === undefined && (groups !== undefined || uid !== undefined))
    throw new KubeFault('configuration', 'groups and a uid can be taken on only with a user: say with --as which');
  const credentials = withCredentialFlags(own, options);
  const hasCertificate = credentials['client-certificate'] ?? credentials['client-certificate-data'];
  const hasKey = credentials['client-key'] ?? credentials['client-key-data'];
  if (!hasCertificate !== !hasKey)
    throw new KubeFault('configuration', 'a client certificate and its key go together: --client-certificate and --client-key name them');
  return { ...credentials, ...(as && { as }), ...(groups && { 'as-groups': groups }), ...(uid && { 'as-uid': uid }) };
}

/** A token that a flag gives is the only credential; kubectl would send the kubeconfig's certificate, too, and the server would go by that. */
function withCredentialFlags(user: KubeUser, options: KubeOptions): KubeUser {
  const { token, clientCertificate, clientKey } = options;
  if (token !== undefined) return { token };
  return clientCertificate === undefined && clientKey === undefined ? user : withCertificateFlags(user, options);
}

function withCertificateFlags(user: KubeUser, { clientCertificate, clientKey }: KubeOptions): KubeUser {
  const { 'client-certificate-data': certificate, 'client-key-data': key, ...rest } = user;
  return {
    ...rest,
    ...(clientCertificate === undefined
      ? certificate && { 'client-certificate-data': certificate }
      : { 'client-certificate': clientCertificate }),
    ...(clientKey === undefined ? key && { 'client-key-data': key } : { 'client-key': clientKey }),
  };
}

function timeoutOf({ requestTimeout }: KubeOptions): number | undefined {
  if (requestTimeout === undefined) return undefined;
  const timeout = parseTimeout(requestTimeout);
  if (timeout === undefined)
    throw new KubeFault('configuration', `--request-timeout: ${requestTimeout} must be a number of seconds or have a unit: 1s, 2m, 3h`);
  return timeout;
}

const isHttp = (url: string): boolean => /^https?:\/\/[^/]/.test(url) && URL.canParse(url);

/** The names that a kubeconfig knows, for completion. */
export function kubeconfigNames(kubeconfig: string | undefined): Record<'context' | 'cluster' | 'user', string[]> {
  const { contexts, clusters, users } = readKubeconfig(kubeconfig, process.env);
  return { context: [...contexts.keys()], cluster: [...clusters.keys()], user: [...users.keys()] };
}
