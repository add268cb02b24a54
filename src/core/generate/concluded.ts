import { isFinished, type Pod, type Service, type ServicePort, workloadOf } from '../api/types.ts';
import { type Cluster, podsOf } from '../cluster/cluster.ts';
import type { Flow } from '../verdict/check.ts';
import { serviceId } from '../verdict/endpoint.ts';
import { backendsOf } from '../verdict/service-backends.ts';
import { subjectId } from './allowances.ts';
import type { Configured, Mentions } from './mentions.ts';
import { flowText } from './wanted.ts';

/** A connection that is meant, by what is written of the two ends. */
export interface Concluded {
  readonly flow: Flow & { readonly protocol: string };
  /** What it was concluded from: `env DATABASE_URL`. */
  readonly because: string;
}

/** What Services and workloads say about connections, and what they leave open. */
export interface Conclusions {
  readonly concluded: readonly Concluded[];
  /** Services to which nobody is known to connect. */
  readonly uncalled: readonly string[];
}

/**
 * The connections that Services and workloads speak of. A Service says at which ports its pods are reached, and by its type whether from outside;
 * not by whom within the cluster: that, the containers say that are told its name, in an address or where a host is asked for.
 */
export function concludedFrom(cluster: Cluster, mentions: Mentions, namespaces: ReadonlySet<string>): Conclusions {
  const services = [...cluster.namespaces.values()].flatMap((content) => [...content.services.values()]);
  const own = services.filter(({ namespace, type }) => namespaces.has(namespace) && type !== 'ExternalName');
  const concluded = [...own.flatMap((service) => fromOutside(cluster, service)), ...fromMentions(cluster, mentions, namespaces)];
  const called = new Set(concluded.map(({ flow }) => flow.to));
  const reachable = own.filter((service) => service.ports.some((port) => isServed(cluster, service, port)));
  return {
    concluded,
    uncalled: reachable
      .map(serviceId)
      .filter((id) => !called.has(id))
      .sort(),
  };
}

/** Whether anybody is behind a port. */
const isServed = (cluster: Cluster, service: Service, { protocol, port }: ServicePort): boolean =>
  !('error' in backendsOf(cluster, service, protocol, port, 'name'));

/** A Service for the outside is for whoever is there. */
function fromOutside(cluster: Cluster, service: Service): Concluded[] {
  const { type, externalIps, ports } = service;
  if (type !== 'LoadBalancer' && type !== 'NodePort' && externalIps.length === 0) return [];
  return ports
    .filter((port) => isServed(cluster, service, port))
    .map(({ protocol, port }) => ({
      flow: { from: 'internet', to: serviceId(service), protocol, port },
      because: externalIps.length > 0 && type === 'ClusterIP' ? 'external addresses' : `type ${type}`,
    }));
}

/** What each workload is told of Services; one of its pods speaks for all. */
function fromMentions(cluster: Cluster, mentions: Mentions, namespaces: ReadonlySet<string>): Concluded[] {
  const pods = [...podsOf(cluster)].filter((pod) => !isFinished(pod) && !pod.hostNetwork);
  const subjects = new Map(pods.map((pod) => [subjectId(pod), pod]));
  const all = [...subjects].flatMap(([from, pod]) =>
    textsOf(mentions, pod).flatMap((configured) =>
      mentionedIn(cluster, pod.namespace, configured)
        .filter(({ service }) => namespaces.has(service.namespace) || namespaces.has(pod.namespace))
        .flatMap(({ service, ports }) =>
          ports.map(({ protocol, port }) => ({ flow: { from, to: serviceId(service), protocol, port }, because: configured.where })),
        ),
    ),
  );
  // The first mention is enough.
  return [...new Map(all.toReversed().map((each) => [flowText(each.flow), each])).values()].reverse();
}

/** What the containers of a pod are told: as its workload says, or the Pod itself. */
function textsOf(mentions: Mentions, pod: Pod): readonly Configured[] {
  const owner = workloadOf(pod);
  const ofOwner = owner === undefined ? [] : mentions.of(`${owner.kind} ${pod.namespace}/${owner.name}`);
  return ofOwner.length > 0 ? ofOwner : mentions.of(`Pod ${pod.namespace}/${pod.name}`);
}

interface Mentioned {
  readonly service: Service;
  readonly ports: readonly ServicePort[];
}

/** A host in a text, with the port behind it: after `//`, `@` or `=`, in a list, or alone. */
const hosts = /(?<before>^|\/\/|[@=,\s"'])(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?<port>\d{1,5}))?(?=$|[/,;?&\s"'])/gi;

/** The name of a variable that asks for a host. */
const asksForHost = /host|addr|server|service|ur[il]$|endpoint|broker|upstream|target|peer|dsn|node/i;

/** The Services that a text names. A single word is a name only where a host is asked for, or with a port, or behind `//`. */
function mentionedIn(cluster: Cluster, home: string, { where, text }: Configured): Mentioned[] {
  return Array.from(text.matchAll(hosts)).flatMap(({ groups }) => {
    const { before, host, port } = groups as { before: string; host: string; port?: string };
    const service = serviceCalled(cluster, home, host.toLowerCase());
    const isSure =
      host.includes('.') || port !== undefined || before === '//' || before === '@' || (host === text && asksForHost.test(where));
    if (service === undefined || !isSure) return [];
    const served = service.ports.filter((each) => isServed(cluster, service, each));
    const ports = port === undefined ? served : served.filter((each) => each.port === Number(port));
    return ports.length === 0 ? [] : [{ service, ports }];
  });
}

/** The Service of a name as pods ask the DNS for it: `web`, `web.shop`, `web.shop.svc`, `web.shop.svc.cluster.local`. Source: DNS for Services. */
function serviceCalled({ namespaces }: Cluster, home: string, host: string): Service | undefined {
  const labels = host.split('.');
  const end = labels.indexOf('svc');
  // Before the name of a headless Service stands that of one of its pods.
  const [name = '', namespace = home] = end < 2 ? labels.slice(0, 2) : labels.slice(end - 2, end);
  if (end < 0 && labels.length > 2) return undefined;
  const service = namespaces.get(namespace)?.services.get(name);
  return service?.type === 'ExternalName' ? undefined : service;
}
