import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from '#core/api/reader.ts';
import type { Connection } from './connection.ts';
import { KubeFault } from './fault.ts';
import { readObject, succeeded } from './list.ts';
import { type Answer, answerOf, ask, askFor, type Receive } from './request.ts';
import { pathOf, pods, type Resource } from './resource.ts';

/** A pod by name. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** A program that is run in a pod. */
export interface PodProgram {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

type Value = Readonly<Record<string, unknown>>;

/** How long the container may take to start and to end, in milliseconds. */
const patience = 90_000;
const pollInterval = 300;
/** How often somebody else may change the pod just before we do. */
const mostConflicts = 5;
/** What keeps a container from ever starting. Source: the reasons that kubelet gives, pkg/kubelet/images and pkg/kubelet/container. */
const hopeless = [
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
];

const ephemeralContainers: Resource = { ...pods, name: 'pods/ephemeralcontainers' };
const podLogs: Resource = { ...pods, name: 'pods/log' };

/**
 * Runs a program beside the containers of a pod, in its network, and gives what it printed. It is an ephemeral container without any privilege, which ends by
 * itself; Kubernetes keeps it in the pod's description for as long as there is the pod. Throws a `KubeFault`, or `Forbidden`. Source: KEP-277.
 */
export async function runInPod(connection: Connection, pod: PodName, program: PodProgram, signal?: AbortSignal): Promise<string> {
  const name = `sallyport-${randomBytes(4).toString('hex')}`;
  await addContainer(connection, pod, containerOf(name, program), signal);
  await ended(connection, pod, name, signal);
  return logOf(connection, pod, name, signal);
}

/** What even a namespace of the strictest pod security standard takes. Source: Pod Security Standards, restricted. */
const containerOf = (name: string, { image, command, environment }: PodProgram): object => ({
  name,
  image,
  imagePullPolicy: 'IfNotPresent',
  command,
  env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 65_534,
    seccompProfile: { type: 'RuntimeDefault' },
  },
});

async function addContainer(connection: Connection, pod: PodName, container: object, signal: AbortSignal | undefined): Promise<void> {
  const path = `${pathOf(pods, { namespace: pod.namespace, object: pod.name })}/ephemeralcontainers`;
  for (let attempt = 1; ; attempt++) {
    const { metadata, spec } = await readPod(connection, pod, signal);
    const others = isObject(spec) && Array.isArray(spec.ephemeralContainers) ? spec.ephemeralContainers : [];
    const version = isObject(metadata) ? metadata.resourceVersion : undefined;
    const body = { metadata: { resourceVersion: version }, spec: { ephemeralContainers: [...others, container] } };
    const answer = await ask(connection, { path, send: { method: 'PATCH', body }, signal });
    if (answer.status === 409 && attempt < mostConflicts) continue;
    succeeded(connection, path, answer, { verb: 'patch', resource: ephemeralContainers, namespace: pod.namespace });
    return;
  }
}

async function readPod(connection: Connection, { namespace, name }: PodName, signal: AbortSignal | undefined): Promise<Value> {
  const found = await readObject(connection, { resource: pods, namespace, object: name, signal });
  if (found === undefined) throw new KubeFault('server', `pod ${namespace}/${name} is no longer there`);
  return found;
}

/** Waits until the container has ended; throws when it never will. */
async function ended(connection: Connection, pod: PodName, container: string, signal: AbortSignal | undefined): Promise<void> {
  const where = `a container in pod ${pod.namespace}/${pod.name}`;
  for (const deadline = Date.now() + patience; ; await sleep(pollInterval, undefined, { signal })) {
    if (hasEnded(where, stateOf(await readPod(connection, pod, signal), container))) return;
    if (Date.now() > deadline) throw new KubeFault('timeout', `${where} has not ended within ${patience / 1000} s`);
  }
}

/** Source: ContainerState in core/v1. */
type ContainerState = Readonly<Record<'terminated' | 'waiting', Value | undefined>>;

function stateOf({ status }: Value, container: string): ContainerState {
  const all = isObject(status) && Array.isArray(status.ephemeralContainerStatuses) ? (status.ephemeralContainerStatuses as Value[]) : [];
  const { terminated, waiting } = (all.find(({ name }) => name === container)?.state ?? {}) as Partial<ContainerState>;
  return { terminated, waiting };
}

function hasEnded(where: string, { terminated, waiting }: ContainerState): boolean {
  if (terminated !== undefined && terminated.exitCode !== 0)
    throw new KubeFault('server', `${where} ended with code ${terminated.exitCode}: ${terminated.message ?? terminated.reason ?? ''}`);
  const reason = String(waiting?.reason ?? '');
  if (hopeless.includes(reason)) throw new KubeFault('server', `${where} does not start: ${reason}: ${waiting?.message ?? ''}`);
  return terminated !== undefined;
}

async function logOf(
  connection: Connection,
  { namespace, name }: PodName,
  container: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const path = `${pathOf(pods, { namespace, object: name })}/log?container=${container}`;
  const receive: Receive<Answer | string> = async (...asked) => {
    const [, , response] = asked;
    return response.statusCode === 200 ? text(response) : answerOf(...asked);
  };
  const answer = await askFor(connection, { path, signal, accept: '*/*' }, receive);
  if (typeof answer === 'string') return answer;
  succeeded(connection, path, answer, { verb: 'get', resource: podLogs, namespace });
  throw new KubeFault('server', `the log of ${namespace}/${name} is answered with status ${answer.status}`);
}
