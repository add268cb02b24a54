import { KubeFault } from './fault.ts';
import { qualifiedResource, type Resource } from './resource.ts';

/** What a request needs to be allowed. */
export type Permission =
  | {
      readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch';
      readonly resource: Resource;
      readonly namespace?: string;
      readonly object?: string;
    }
  /** A path that belongs to no object, as of the discovery of an API group. */
  | { readonly verb: 'get'; readonly path: string };

/** The server refuses one request. Whoever sends several gathers what all of them lack. */
export class Forbidden extends Error {
  readonly permission: Permission;
  /** Who the server takes us for. */
  readonly user: string | undefined;

  /** `message` is the server's: `pods is forbidden: User "dev" cannot list resource "pods" in API group "" …`. */
  constructor(permission: Permission, message: string) {
    super(message);
    this.permission = permission;
    this.user = /User "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  }
}

/** A role that is proposed to whoever lacks permissions. */
interface Role {
  readonly name: string;
  /** What it may do; absent: what was refused. */
  readonly verbs?: readonly string[];
}

export const reader: Role = { name: 'sallyport-reader' };
/** Whoever asks what others may does not get to create what it may read. */
export const reviewer: Role = { name: 'sallyport-reviewer' };
/** Whoever may list and not watch would be told of each only after the other. */
export const watcher: Role = { name: 'sallyport-agent', verbs: ['list', 'watch'] };

/** Whoever may write an Event may count its repetitions, too. */
export const teller: Role = { name: 'sallyport-agent-events', verbs: ['create', 'patch'] };

/** The fault of a reading that lacks permissions: each of them, and the commands of kubectl that would grant them. */
export function permissionFault(refused: readonly Forbidden[], role: Role = reader): KubeFault {
  const user = refused.find((each) => each.user !== undefined)?.user;
  const permissions = refused.map(({ permission }) => permission).sort((a, b) => (inWords(a) < inWords(b) ? -1 : 1));
  const who = user === undefined ? 'the user of this kubeconfig' : `user ${JSON.stringify(user)}`;
  const message = `${who} may not ${permissions.map(inWords).join(', ')}`;
  return new KubeFault(
    'forbidden',
    message,
    ['permission can be granted with', ...grantsOf(permissions, user, role).map((line) => `  ${line}`)].join('\n'),
  );
}

/** `list pods in all namespaces`. */
export function inWords(permission: Permission): string {
  if ('path' in permission) return `get ${permission.path}`;
  const { verb, resource, namespace, object } = permission;
  const what = `${verb} ${qualifiedResource(resource)}${object === undefined ? '' : `/${object}`}`;
  return namespace === undefined ? (resource.namespaced ? `${what} in all namespaces` : what) : `${what} in namespace ${namespace}`;
}

/** The namespace in which a role can grant it: for a Namespace object that is the namespace itself. Undefined: only a cluster role can. */
function namespaceOf(permission: Permission): string | undefined {
  if ('path' in permission) return undefined;
  const { resource, namespace, object } = permission;
  return resource.name === 'namespaces' && resource.group === '' ? object : namespace;
}

/** The commands that grant permissions to a user. Source: `kubectl create role`, `clusterrole`, `rolebinding` and `clusterrolebinding`. */
export function grantsOf(permissions: readonly Permission[], user: string | undefined, role: Role): string[] {
  const byNamespace = Map.groupBy(permissions, namespaceOf);
  return [...byNamespace]
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .flatMap(([namespace, some]) => {
      const where = namespace === undefined ? '' : ` --namespace=${namespace}`;
      const kind = namespace === undefined ? 'clusterrole' : 'role';
      const objects = some.flatMap((permission) => ('path' in permission ? [] : [permission]));
      const verbs = [...new Set(role.verbs ?? objects.map(({ verb }) => verb))].sort().join();
      const resources = [...new Set(objects.map(({ resource }) => qualifiedResource(resource)))].join();
      const paths = some.flatMap((permission) => ('path' in permission ? [permission.path] : []));
      return [
        ...(objects.length > 0 ? [`kubectl create ${kind} ${role.name}${where} --verb=${verbs} --resource=${resources}`] : []),
        ...(paths.length > 0 ? [`kubectl create clusterrole ${role.name}-discovery --verb=get --non-resource-url=${paths.join()}`] : []),
        ...(objects.length > 0 ? [bindingOf(kind, where, role.name, user)] : []),
        ...(paths.length > 0 ? [bindingOf('clusterrole', '', `${role.name}-discovery`, user)] : []),
      ];
    });
}

function bindingOf(kind: 'role' | 'clusterrole', where: string, name: string, user: string | undefined): string {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? '') ?? [];
  const subject = namespace === undefined ? `--user=${shellWord(user ?? '<name>')}` : `--serviceaccount=${namespace}:${account}`;
  return `kubectl create ${kind}binding ${name}${where} --${kind}=${name} ${subject}`;
}

const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
