import type { Connection } from './connection.ts';
import { resourcesOf } from './discovery.ts';
import type { Resource } from './resource.ts';

const group = 'policy.networking.k8s.io';
/** The version that is read where the server has it; what it has only in others is asked for in those. */
const preferred = 'v1alpha2';

/**
 * Every kind of the group of cluster-wide policies that this server has, in whatever version: none where nobody has installed them. Each of
 * them decides about traffic, so what this program can't read must be met, not passed over: the door refuses it as it does in files.
 */
export const clusterPolicies = (connection: Connection, signal: AbortSignal): Promise<Resource[]> =>
  resourcesOf(connection, group, signal, preferred);
