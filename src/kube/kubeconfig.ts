import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { Faults, nowhere } from '#core/api/faults.ts';
import { anything, boolean, list, partial, type ReadOf, string } from '#core/api/reader.ts';
import { KubeFault } from './fault.ts';

const cluster = partial({
  server: string,
  'certificate-authority': string,
  'certificate-authority-data': string,
  'insecure-skip-tls-verify': boolean,
  'tls-server-name': string,
  'proxy-url': string,
});

const exec = partial({
  apiVersion: string,
  command: string,
  args: list(string),
  env: list(partial({ name: string, value: string })),
  installHint: string,
  provideClusterInfo: boolean,
  interactiveMode: string,
});

const user = partial({
  'client-certificate': string,
  'client-certificate-data': string,
  'client-key': string,
  'client-key-data': string,
  token: string,
  tokenFile: string,
  username: string,
  password: string,
  as: string,
  'as-uid': string,
  'as-groups': list(string),
  'as-user-extra': anything,
  'auth-provider': partial({ name: string, config: anything }),
  exec,
});

const context = partial({ cluster: string, user: string, namespace: string });

/** What is read of a kubeconfig. Source: k8s.io/client-go/tools/clientcmd/api/v1. */
const reader = partial({
  'current-context': string,
  clusters: list(partial({ name: string, cluster })),
  users: list(partial({ name: string, user })),
  contexts: list(partial({ name: string, context })),
});

type WrittenKubeconfig = ReadOf<typeof reader>;
/** How a server is reached and trusted. */
export type KubeCluster = ReadOf<typeof cluster>;
/** How a user proves who they are. */
export type KubeUser = ReadOf<typeof user>;
/** A credential plugin, as a user names it. */
export type KubeExec = ReadOf<typeof exec>;
type KubeContext = ReadOf<typeof context>;

/** The kubeconfig of all files; paths in it are no longer relative to a file. */
export interface Kubeconfig {
  /** The files that were found. */
  readonly files: readonly string[];
  readonly currentContext?: string;
  readonly clusters: ReadonlyMap<string, KubeCluster>;
  readonly users: ReadonlyMap<string, KubeUser>;
  readonly contexts: ReadonlyMap<string, KubeContext>;
}

/** The files that may hold a kubeconfig. Source: ClientConfigLoadingRules in k8s.io/client-go/tools/clientcmd. */
export function kubeconfigFiles(environment: NodeJS.ProcessEnv): string[] {
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  return listed.length > 0 ? listed : [join(environment.HOME || homedir(), '.kube', 'config')];
}

/**
 * Reads a kubeconfig as kubectl does: the named file, which must be there, or those of the environment, which may be missing. What
 * several files say, the first of them says. (The client library's own merging lets the last one win and refuses names that stand twice.)
 */
export function readKubeconfig(file: string | undefined, environment: NodeJS.ProcessEnv): Kubeconfig {
  const paths = file === undefined ? kubeconfigFiles(environment) : [file];
  const found: { path: string; written: WrittenKubeconfig }[] = [];
  for (const path of paths) {
    const text = textOf(path, file === undefined);
    if (text !== undefined) found.push({ path, written: parse(path, text) });
  }
  // A map keeps the last of equal keys.
  const firstWins = <T>(entriesOf: (written: WrittenKubeconfig, path: string) => [string, T][]): ReadonlyMap<string, T> =>
    new Map(found.flatMap(({ written, path }) => entriesOf(written, path)).reverse());
  const currentContext = found.map(({ written }) => written['current-context']).find(Boolean);
  return {
    files: found.map(({ path }) => path),
    ...(currentContext !== undefined && { currentContext }),
    clusters: firstWins(({ clusters = [] }, path) =>
      clusters.map(({ name = '', cluster = {} }) => [name, absolute(cluster, ['certificate-authority'], path)]),
    ),
    users: firstWins(({ users = [] }, path) =>
      users.map(({ name = '', user = {} }) => [
        name,
        withCommand(absolute(user, ['client-certificate', 'client-key', 'tokenFile'], path), path),
      ]),
    ),
    contexts: firstWins(({ contexts = [] }) => contexts.map(({ name = '', context = {} }) => [name, context])),
  };
}

function textOf(path: string, mayBeMissing: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && mayBeMissing) return undefined;
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a directory' : message;
    throw new KubeFault('configuration', `kubeconfig ${path}: ${reason}`);
  }
}

function parse(path: string, text: string): WrittenKubeconfig {
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 100 });
    // Of an empty file kubectl says nothing either.
    if (value === null || value === undefined) return {};
    const faults = new Faults('', nowhere);
    const written = reader.read(value, { faults, path: [], unknownFields: 'warning' });
    const [fault] = faults.diagnostics;
    if (fault !== undefined) throw new Error(`${fault.path ? `${fault.path}: ` : ''}${fault.message}`);
    return written;
  } catch (error) {
    // The messages of the parser end with an excerpt, which may be somebody's key.
    throw new KubeFault('configuration', `kubeconfig ${path}: ${(error as Error).message.split('\n', 1)[0]!.replace(/:$/, '')}`);
  }
}

/** The entry with the paths in these fields resolved from the directory of its file. */
function absolute<T extends object>(entry: T, fields: readonly (keyof T)[], file: string): T {
  const paths = fields.flatMap((field) => (entry[field] ? [[field, resolvedFrom(file, String(entry[field]))]] : []));
  return { ...entry, ...Object.fromEntries(paths) };
}

/** A plugin's command with a path in it stands beside the kubeconfig; a bare name is looked for in PATH. */
function withCommand(written: KubeUser, file: string): KubeUser {
  const { exec: plugin } = written;
  return plugin?.command?.includes('/') ? { ...written, exec: { ...plugin, command: resolvedFrom(file, plugin.command) } } : written;
}

const resolvedFrom = (file: string, path: string): string => (isAbsolute(path) ? path : join(dirname(file), path));
