import { valueAt } from '#core/api/values.ts';
import type { Lack } from '#core/enforcement/agent-account.ts';
import { clusterPolicies } from './cluster-policies.ts';
import type { Connection } from './connection.ts';
import { succeeded } from './list.ts';
import { grantsOf, inWords, type Permission, teller, watcher } from './permission.ts';
import { ask } from './request.ts';
import { accessReviews, events, namespaces, networkPolicies, nodes, pathOf, pods } from './resource.ts';

/** What an account, `system:serviceaccount:kube-system:sallyport-agent`, lacks of what an agent asks for. The server itself is asked; nothing is stored. */
export async function lacksOf(connection: Connection, account: string, signal: AbortSignal): Promise<Lack[]> {
  const read = [namespaces, nodes, pods, networkPolicies, ...(await clusterPolicies(connection, signal))];
  const vital = read.flatMap((resource): Permission[] => [
    { verb: 'list', resource },
    { verb: 'watch', resource },
  ]);
  const telling: Permission[] = [
    { verb: 'create', resource: events },
    { verb: 'patch', resource: events },
  ];
  const [notVital, notTelling] = await Promise.all([vital, telling].map((wanted) => refusedOf(connection, account, wanted, signal)));
  return [
    { refused: notVital!, role: watcher, isVital: true },
    { refused: notTelling!, role: teller, isVital: false },
  ].flatMap(({ refused, role, isVital }) =>
    refused.length === 0 ? [] : [{ account, permissions: refused.map(inWords), grants: grantsOf(refused, account, role), isVital }],
  );
}

async function refusedOf(connection: Connection, user: string, wanted: readonly Permission[], signal: AbortSignal): Promise<Permission[]> {
  const may = await Promise.all(wanted.map((permission) => isAllowed(connection, user, permission, signal)));
  return wanted.filter((_, index) => !may[index]);
}

async function isAllowed(connection: Connection, user: string, permission: Permission, signal: AbortSignal): Promise<boolean> {
  if ('path' in permission) throw new Error('an agent asks for no paths that need a grant');
  const { verb, resource } = permission;
  const [, , namespace] = user.split(':');
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const resourceAttributes = { verb, group: resource.group, version: resource.version, resource: resource.name };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: accessReviews.kind, spec: { user, groups, resourceAttributes } };
  const path = pathOf(accessReviews);
  const answer = await ask(connection, { path, signal, send: { method: 'POST', body } });
  return valueAt(succeeded(connection, path, answer, { verb: 'create', resource: accessReviews }), 'status', 'allowed') === true;
}
