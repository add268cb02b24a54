import { isObject } from '#core/api/reader.ts';
import type { Connection } from './connection.ts';
import { KubeFault } from './fault.ts';
import { Forbidden, type Permission } from './permission.ts';
import { type Answer, ask } from './request.ts';
import { pathOf, type Resource } from './resource.ts';

/** A list of objects that is asked for. */
export interface ListRequest {
  readonly resource: Resource;
  /** Absent: of all namespaces. */
  readonly namespace?: string;
  /** Objects that come at once; kubectl's own choice unless given. */
  readonly pageSize?: number;
  /** Only what stands in the objects' metadata. */
  readonly metadataOnly?: true;
  readonly signal?: AbortSignal | undefined;
  /** Told of every page: how many objects came, and how many the server says are left. */
  readonly onPage?: (objects: number, remaining: number) => void;
}

/** A list as the API gives it: of which kind, and its items. */
export type ObjectList = Readonly<Record<string, unknown>> & { readonly items: readonly unknown[] };

/** Source: `--chunk-size` of kubectl. */
const usualPageSize = 500;
/** A list that can't be read in pages before the server forgets it is then asked for whole. Source: k8s.io/client-go/tools/pager. */
const mostStarts = 3;

/** The meta.k8s.io form of a list: names, labels and owners without what the objects say. */
const metadataForm = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/**
 * Reads a list, page by page, and gives what `take` makes of each page. When the server has forgotten the list meanwhile (its pages
 * are kept for some minutes), everything of it is read again: no list is made of two.
 */
export async function readList<T>(connection: Connection, request: ListRequest, take: (page: ObjectList) => T): Promise<T[]> {
  const { pageSize = usualPageSize } = request;
  for (let start = 1; ; start++) {
    const taken = await readPages(connection, request, start > mostStarts ? [] : [`limit=${pageSize}`], take);
    if (taken !== undefined) return taken;
  }
}

/** What `take` makes of each page; undefined when the server has forgotten the list before its end. */
async function readPages<T>(
  connection: Connection,
  request: ListRequest,
  limit: readonly string[],
  take: (page: ObjectList) => T,
): Promise<T[] | undefined> {
  const taken: T[] = [];
  let objects = 0;
  let token: string | undefined;
  do {
    const page = await readPage(connection, request, token === undefined ? limit : [...limit, `continue=${encodeURIComponent(token)}`]);
    if (page === 'expired') return undefined;
    const { continue: next, remainingItemCount: remaining } = isObject(page.metadata) ? page.metadata : {};
    objects += page.items.length;
    taken.push(take(page));
    request.onPage?.(objects, typeof remaining === 'number' ? remaining : 0);
    token = typeof next === 'string' && next !== '' ? next : undefined;
  } while (token !== undefined);
  return taken;
}

async function readPage(connection: Connection, request: ListRequest, query: readonly string[]): Promise<ObjectList | 'expired'> {
  const { resource, namespace, metadataOnly, signal } = request;
  const scope = namespace === undefined ? {} : { namespace };
  const path = pathOf(resource, scope);
  const words = query.length === 0 ? '' : `?${query.join('&')}`;
  const answer = await ask(connection, { path: path + words, signal, ...(metadataOnly && { accept: metadataForm }) });
  // Only a list that was begun can be too old.
  if (answer.status === 410 && words.includes('continue=')) return 'expired';
  return listIn(connection, path, answer, { verb: 'list', resource, ...scope });
}

function listIn(connection: Connection, path: string, answer: Answer, permission: Permission): ObjectList {
  const body = succeeded(connection, path, answer, permission);
  const { kind, items } = body;
  // Go writes a list without items as null.
  if (typeof kind === 'string' && kind.endsWith('List') && (Array.isArray(items) || items === null)) return { ...body, items: items ?? [] };
  throw notKubernetes(connection, path, 'no list');
}

/** The object that an answer holds; another status than success is thrown as what it means. */
export function succeeded(
  connection: Connection,
  path: string,
  { status, body }: Answer,
  permission: Permission,
): Readonly<Record<string, unknown>> {
  const { server, user } = connection;
  const words = isObject(body) && body.kind === 'Status' && typeof body.message === 'string' ? body.message : undefined;
  if (status === 403) throw new Forbidden(permission, words ?? '');
  if (status === 401) {
    const whose = user === undefined ? '' : ` of user ${JSON.stringify(user)}`;
    throw new KubeFault('unauthorized', `the API server at ${server} refuses the credentials${whose} (401 ${words ?? 'Unauthorized'})`);
  }
  if (status >= 200 && status < 300 && isObject(body)) return body;
  if (words === undefined && status < 500 && status !== 429) throw notKubernetes(connection, path, String(status));
  throw new KubeFault('server', `the API server at ${server} failed: GET ${path} gave ${status}${words === undefined ? '' : `: ${words}`}`);
}

function notKubernetes({ server }: Connection, path: string, what: string): KubeFault {
  const hint = server.startsWith('http:') ? 'a server that speaks TLS is named with https://' : undefined;
  return new KubeFault('not-kubernetes', `${server} answers, but speaks no Kubernetes: GET ${path} gave ${what}`, hint);
}

/** Reads one object; undefined where there is none of that name. */
export async function readObject(
  connection: Connection,
  request: { readonly resource: Resource; readonly object: string; readonly signal?: AbortSignal | undefined },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { resource, object, signal } = request;
  const path = pathOf(resource, { object });
  const answer = await ask(connection, { path, signal });
  const isAbsent = answer.status === 404 && isObject(answer.body) && answer.body.kind === 'Status';
  return isAbsent ? undefined : succeeded(connection, path, answer, { verb: 'get', resource, object });
}
