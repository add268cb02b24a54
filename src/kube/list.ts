import type { IncomingMessage } from 'node:http';
import { isObject } from '#core/api/reader.ts';
import type { Connection } from './connection.ts';
import { KubeFault } from './fault.ts';
import { ListScanner } from './list-scanner.ts';
import { Forbidden, type Permission } from './permission.ts';
import { readersOfObjects } from './protobuf-fields.ts';
import { ProtobufScanner, protobufType, statusIn } from './protobuf-scanner.ts';
import { type Answer, answerOf, ask, askFor, chunksOf, jsonOf, type Receive, type Request } from './request.ts';
import { pathOf, type Resource } from './resource.ts';

/** A list of objects that is asked for. */
export interface ListRequest {
  readonly resource: Resource;
  /** Absent: of all namespaces. */
  readonly namespace?: string;
  /** Objects that come at once; kubectl's own choice unless given. */
  readonly pageSize?: number;
  /** All of each object, not only what is read of it. */
  readonly isWhole?: boolean;
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

/** Protobuf costs the server a fraction of what JSON does, and so it does here: what is not read of an object is not looked at. */
const anyForm = `${protobufType}, application/json`;

/** What is made of one page. */
interface Page<T> {
  readonly metadata: unknown;
  readonly count: number;
  readonly made: T;
}

/** Makes something of the answer to a request for a page. Where the list's metadata come before its items, `onMetadata` is told of them then. */
type ReadPage<T> = (query: string, signal: AbortSignal, onMetadata: (metadata: unknown) => void) => Promise<Page<T> | 'expired'>;

/**
 * Reads a list, page by page, and gives what `take` makes of each page. When the server has forgotten the list meanwhile (its pages
 * are kept for some minutes), everything of it is read again: no list is made of two.
 */
export async function readList<T>(connection: Connection, request: ListRequest, take: (page: ObjectList) => T): Promise<T[]> {
  const pages = await readPages(request, async (query, signal) => {
    const answer = await ask(connection, askedFor(request, query, signal));
    if (isExpired(answer, query)) return 'expired';
    const page = listIn(connection, request, answer);
    return { metadata: page.metadata, count: page.items.length, made: take(page) };
  });
  return pages.map(({ made }) => made);
}

/**
 * Reads a list as `readList` does, item by item while they come: what `take` makes of each item but undefined, and the version that the list is of. No page
 * is ever in memory, so that pages may be large. Of objects that come in protobuf there is only what is read of them.
 */
export async function readItems<T>(
  connection: Connection,
  request: ListRequest,
  take: (item: object) => T | undefined,
): Promise<{ readonly items: readonly T[]; readonly version: string }> {
  const readItem = request.isWhole ? undefined : readersOfObjects.get(request.resource);
  const pages = await readPages(request, async (query, signal, onMetadata): Promise<Page<readonly T[]> | 'expired'> => {
    const made: T[] = [];
    let count = 0;
    const onItem = (item: object): void => {
      count++;
      const each = take(item);
      if (each !== undefined) made.push(each);
    };
    const onStart = ({ metadata }: Readonly<Record<string, unknown>>): void => onMetadata(metadata);
    const receive: Receive<Answer> = (_, asked, response) =>
      answerWithoutItems(connection, asked, response, () =>
        readItem !== undefined && isProtobuf(response) ? new ProtobufScanner(readItem, onItem, onStart) : new ListScanner(onItem, onStart),
      );
    const answer = await askFor(connection, { ...askedFor(request, query, signal), ...(readItem && { accept: anyForm }) }, receive);
    if (isExpired(answer, query)) return 'expired';
    return { metadata: listIn(connection, request, answer).metadata, count, made };
  });
  const { resourceVersion } = metadataOf(pages.at(-1)!);
  return { items: pages.flatMap(({ made }) => made), version: String(resourceVersion) };
}

async function readPages<T>(request: ListRequest, read: ReadPage<T>): Promise<Page<T>[]> {
  const { pageSize = usualPageSize } = request;
  for (let start = 1; ; start++) {
    const pages = await readOnce(request, start > mostStarts ? [] : [`limit=${pageSize}`], read);
    if (pages !== undefined) return pages;
  }
}

/** All pages of a list; undefined when the server has forgotten it before its end. While a page comes, the server is at work on the next one. */
async function readOnce<T>(request: ListRequest, limit: readonly string[], read: ReadPage<T>): Promise<Page<T>[] | undefined> {
  const end = new AbortController();
  const signal = request.signal === undefined ? end.signal : AbortSignal.any([request.signal, end.signal]);
  const begin = (words: readonly string[]): Coming<T> => {
    const { promise: metadata, resolve } = Promise.withResolvers<unknown>();
    const page = read(words.length === 0 ? '' : `?${words.join('&')}`, signal, resolve);
    page.then(
      (whole) => resolve(whole === 'expired' ? undefined : whole.metadata),
      // Whoever waits for the page hears of its fault.
      () => resolve(undefined),
    );
    return { metadata, page };
  };
  try {
    const pages: Page<T>[] = [];
    let objects = 0;
    for (let coming: Coming<T> | undefined = begin(limit); coming !== undefined; ) {
      const token = tokenOf(await coming.metadata);
      const next = token === undefined ? undefined : begin([...limit, `continue=${encodeURIComponent(token)}`]);
      const page: Page<T> | 'expired' = await coming.page;
      if (page === 'expired') {
        end.abort();
        return undefined;
      }
      pages.push(page);
      objects += page.count;
      const { remainingItemCount: remaining } = metadataOf(page);
      request.onPage?.(objects, typeof remaining === 'number' ? remaining : 0);
      coming = next;
    }
    return pages;
  } catch (error) {
    end.abort();
    throw error;
  }
}

/** A page that was asked for, and its metadata, which may be there before; undefined where it has none. */
interface Coming<T> {
  readonly metadata: Promise<unknown>;
  readonly page: Promise<Page<T> | 'expired'>;
}

/** Names the next page. */
function tokenOf(metadata: unknown): string | undefined {
  const token = isObject(metadata) ? metadata.continue : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

const metadataOf = ({ metadata }: Page<unknown>): Readonly<Record<string, unknown>> => (isObject(metadata) ? metadata : {});

const scopeOf = ({ namespace }: ListRequest): { readonly namespace?: string } => (namespace === undefined ? {} : { namespace });

const askedFor = (request: ListRequest, query: string, signal: AbortSignal): Request => ({
  path: pathOf(request.resource, scopeOf(request)) + query,
  signal,
  ...(request.metadataOnly && { accept: metadataForm }),
});

/** Only a list that was begun can be too old. */
const isExpired = ({ status }: Answer, query: string): boolean => status === 410 && query.includes('continue=');

const isProtobuf = ({ headers }: IncomingMessage): boolean => headers['content-type']?.startsWith(protobufType) === true;

/** The answer to a request for a list whose items a scanner tells of as they come. */
async function answerWithoutItems(
  connection: Connection,
  request: Request,
  response: IncomingMessage,
  scannerOf: () => ListScanner | ProtobufScanner,
): Promise<Answer> {
  const { statusCode: status = 0 } = response;
  const parse = <T>(work: () => T): T | undefined => jsonOf(connection, request, response, work);
  if (status !== 200) {
    if (!isProtobuf(response)) return answerOf(connection, request, response);
    const bytes = Buffer.concat(await Array.fromAsync(chunksOf(connection, request, response)));
    return { status, body: parse(() => statusIn(bytes)) };
  }
  const scanner = scannerOf();
  for await (const chunk of chunksOf(connection, request, response)) parse(() => scanner.push(chunk));
  return { status, body: parse(() => scanner.end()) };
}

function listIn(connection: Connection, request: ListRequest, answer: Answer): ObjectList {
  const { resource } = request;
  const path = pathOf(resource, scopeOf(request));
  const body = succeeded(connection, path, answer, { verb: 'list', resource, ...scopeOf(request) });
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
  request: {
    readonly resource: Resource;
    readonly namespace?: string;
    readonly object: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { resource, namespace, object, signal } = request;
  const scope = { object, ...(namespace !== undefined && { namespace }) };
  const path = pathOf(resource, scope);
  const answer = await ask(connection, { path, signal });
  const isAbsent = answer.status === 404 && isObject(answer.body) && answer.body.kind === 'Status';
  return isAbsent ? undefined : succeeded(connection, path, answer, { verb: 'get', resource, ...scope });
}
