import { Faults, nowhere } from '#core/api/faults.ts';
import { boolean, list, partial, string } from '#core/api/reader.ts';
import type { Connection } from './connection.ts';
import { succeeded } from './list.ts';
import { ask } from './request.ts';
import type { Resource } from './resource.ts';

const groupsReader = partial({ groups: list(partial({ name: string })) });
const groupReader = partial({ versions: list(partial({ version: string })) });
const resourcesReader = partial({ resources: list(partial({ name: string, kind: string, namespaced: boolean, verbs: list(string) })) });

/** The names of all API groups that this server has, but for the core group. */
export async function groupsOf(connection: Connection, signal: AbortSignal): Promise<string[]> {
  const answer = read(groupsReader, (await discover(connection, '/apis', signal)) ?? {});
  return (answer.groups ?? []).flatMap(({ name }) => name ?? []);
}

/** Every kind of an API group that can be listed, each in the preferred version where it has that: none where the server has no such group. */
export async function resourcesOf(connection: Connection, group: string, signal: AbortSignal, preferred?: string): Promise<Resource[]> {
  const written = await discover(connection, `/apis/${group}`, signal);
  if (written === undefined) return [];
  const versions = (read(groupReader, written).versions ?? []).flatMap(({ version }) => version ?? []);
  const ordered = [...versions].sort((a, b) => Number(b === preferred) - Number(a === preferred));
  const found = new Map<string, Resource>();
  for (const version of ordered) {
    const listed = await discover(connection, `/apis/${group}/${version}`, signal);
    for (const { name = '', kind = '', namespaced = false, verbs = [] } of read(resourcesReader, listed ?? {}).resources ?? [])
      if (verbs.includes('list') && !name.includes('/') && !found.has(name)) found.set(name, { group, version, kind, name, namespaced });
  }
  return [...found.values()];
}

async function discover(connection: Connection, path: string, signal: AbortSignal): Promise<object | undefined> {
  const answer = await ask(connection, { path, signal });
  return answer.status === 404 ? undefined : succeeded(connection, path, answer, { verb: 'get', path });
}

const read = <T>(reader: { read(value: unknown, reading: { faults: Faults; path: []; unknownFields: 'warning' }): T }, value: object): T =>
  reader.read(value, { faults: new Faults('', nowhere), path: [], unknownFields: 'warning' });
