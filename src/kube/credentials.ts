import { accessSync, constants } from 'node:fs';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import type { Headers } from './connection.ts';
import { ExecPlugin, pluginProvider } from './exec-plugin.ts';
import { KubeFault } from './fault.ts';
import type { KubeUser } from './kubeconfig.ts';
import type { Target } from './target.ts';

/** What TLS needs to know: whom to trust, and who we are. */
export type Tls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

/** How to speak with a server, as the client library makes it of a kubeconfig. */
export interface Credentials {
  readonly tls: Tls;
  /** The way through a proxy, where there is one. */
  readonly proxy?: Agent;
  /** The headers of the next request: tokens that run out are renewed. */
  headers(): Promise<Headers>;
}

/** The credentials of a target. This is the only file that loads the client library, which costs what many a whole command does not. */
export async function credentialsOf(target: Target): Promise<Credentials> {
  const library = new KubeConfig();
  const cluster = clusterOf(target);
  library.loadFromClusterAndUser(cluster, userOf(target.user));
  if (target.user.exec !== undefined) library.addAuthenticator(new ExecPlugin(target.user.exec, target.cluster));
  const options = async (): Promise<RequestOptions> => {
    const made: RequestOptions = { headers: {} };
    await library.applyToHTTPSOptions(made);
    return made;
  };
  const first = await options();
  const { ca, cert, key, servername, rejectUnauthorized } = first;
  return {
    tls: Object.fromEntries(Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined)),
    ...(cluster.proxyUrl && { proxy: first.agent as Agent }),
    headers: async () => ({ ...impersonation(target.user), ...headersOf(await options()) }),
  };
}

/** What stands in the kubeconfig itself goes before a file that it names. Source: CertificateAuthorityData in clientcmd/api/v1. */
function clusterOf({ server, cluster }: Target): Cluster {
  const authority = cluster['certificate-authority-data'];
  const file = cluster['certificate-authority'];
  const name = cluster['tls-server-name'];
  const proxyUrl = cluster['proxy-url'];
  if (file && !authority) checkReadable(file);
  return {
    name: 'cluster',
    server,
    // Without TLS there is nothing to verify; the library wants to hear it.
    skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || server.startsWith('http:'),
    ...(authority ? { caData: authority } : file && { caFile: file }),
    ...(name && { tlsServerName: name }),
    ...(proxyUrl && { proxyUrl }),
  };
}

/** The library would say of the user what is wrong with the cluster. */
function checkReadable(authority: string): void {
  try {
    accessSync(authority, constants.R_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new KubeFault('configuration', `the certificate-authority of the cluster, ${authority}: ${reason}`);
  }
}

/** Providers that Kubernetes has no more, by what is in their place. Source: the CHANGELOG of Kubernetes 1.26. */
const removedProviders = new Map([
  ['gcp', 'gke-gcloud-auth-plugin'],
  ['azure', 'kubelogin'],
]);

function checkProvider({ 'auth-provider': provider, token, tokenFile, exec }: KubeUser): void {
  const { name } = (provider ?? {}) as { readonly name?: string };
  const successor = name === undefined || token || tokenFile || exec ? undefined : removedProviders.get(name);
  if (successor !== undefined)
    throw new KubeFault(
      'credentials',
      `the auth-provider ${name} is no part of Kubernetes since 1.26: the user needs an exec with ${successor}`,
    );
}

function userOf(user: KubeUser): User {
  checkProvider(user);
  const { token, tokenFile, exec, username, password, as } = user;
  const certificate = user['client-certificate-data'];
  const certificateFile = user['client-certificate'];
  const key = user['client-key-data'];
  const keyFile = user['client-key'];
  // The library knows the token's file under no name that a kubeconfig has, and by this one keeps reading it.
  const provider = tokenFile ? { name: 'tokenFile', config: { tokenFile } } : exec ? { name: pluginProvider } : user['auth-provider'];
  return {
    name: 'user',
    ...(certificate ? { certData: certificate } : certificateFile && { certFile: certificateFile }),
    ...(key ? { keyData: key } : keyFile && { keyFile }),
    ...(provider && { authProvider: provider }),
    ...(token && !tokenFile && { token }),
    ...(username && { username, password: password ?? '' }),
    ...(as && { impersonateUser: as }),
  };
}

/** Source: the section User impersonation of the Kubernetes documentation. The library knows the user alone. */
function impersonation(user: KubeUser): Headers {
  const groups = user['as-groups'] ?? [];
  const uid = user['as-uid'];
  return { ...(groups.length > 0 && { 'Impersonate-Group': groups }), ...(uid && { 'Impersonate-Uid': uid }) };
}

function headersOf({ headers, auth }: RequestOptions): Headers {
  const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  return { ...(headers as Record<string, string>), ...basic };
}
