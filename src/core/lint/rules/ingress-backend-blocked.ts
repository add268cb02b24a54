import { itemsAt, textAt, valueAt } from '../../api/values.ts';
import type { PodClass } from '../../policy/model.ts';
import {
  closing,
  isOpenToAddresses,
  isOpenToSomebody,
  isReachedFromOutside,
  lessSure,
  type Reached,
  reachedBy,
  reachedText,
} from '../callers.ts';
import type { LintContext } from '../context.ts';
import type { Foreign } from '../originals.ts';
import type { LintRule } from '../rule.ts';

/** Pods that are offered to the world, and let nobody in who could bring it. */
export const ingressBackendBlocked: LintRule = {
  code: 'ingress-backend-blocked',
  severity: 'warning',
  summary: 'an Ingress, an HTTPRoute or a Service for the outside leads to pods that let in nobody who could come that way',
  *check(context) {
    for (const { reached, by, isOpen } of offeredIn(context)) {
      const policy = closing(context, reached.podClass, 'ingress');
      if (policy === undefined || isOpen === true) continue;
      const message = `${by} leads to ${reachedText(reached)}, and no rule lets in who comes that way`;
      yield policy.remark(['spec'], message, lessSure(isOpen));
    }
  },
};

/** Something that is offered, and whether somebody may come. */
interface Offered {
  readonly reached: Reached;
  readonly by: string;
  readonly isOpen: boolean | 'unlikely';
}

function offeredIn(context: LintContext): Offered[] {
  const services = context.services
    .filter(({ type }) => type === 'LoadBalancer' || type === 'NodePort')
    .flatMap(({ namespace, name, type, ports }) =>
      ports
        .flatMap(({ port }) => reachedBy(context, namespace, name, port))
        .map((reached) => ({ reached, by: `Service ${namespace}/${name}, a ${type},`, isOpen: isOpenToAddresses(context, reached) })),
    );
  const routes = context.originals.foreign.flatMap((route) =>
    backendsOf(route)
      .flatMap(({ namespace, name, port }) => reachedBy(context, namespace, name, port))
      .map((reached) => {
        const isOfSort = (podClass: PodClass): boolean => isController(context, podClass);
        return { reached, by: `${route.kind} ${route.namespace}/${route.name}`, isOpen: isOpenToSomebody(context, reached, isOfSort) };
      }),
  );
  const all = [...services, ...routes];
  return [...new Map(all.map((each) => [`${each.by} ${each.reached.podClass.key} ${each.reached.port}`, each])).values()];
}

/** Pods that may be those of an Ingress controller or a Gateway: they are called so, or are reached from outside themselves. */
const isController = (context: LintContext, podClass: PodClass): boolean =>
  isReachedFromOutside(context, podClass) ||
  Object.values(podClass.labels).some((label) => /ingress|gateway|proxy|nginx|traefik|envoy|kong|contour|haproxy/i.test(label));

interface Backend {
  readonly namespace: string;
  readonly name: string;
  readonly port: number | string;
}

/** The ports of Services that a route leads to. */
function backendsOf({ kind, namespace, value }: Foreign): Backend[] {
  if (kind === 'Ingress') {
    const paths = itemsAt(value, 'spec', 'rules').flatMap((rule) => itemsAt(rule, 'http', 'paths'));
    const services = [valueAt(value, 'spec', 'defaultBackend', 'service'), ...paths.map((path) => valueAt(path, 'backend', 'service'))];
    return services.flatMap((service) =>
      backendAt(namespace, textAt(service, 'name'), valueAt(service, 'port', 'number') ?? valueAt(service, 'port', 'name')),
    );
  }
  if (kind !== 'HTTPRoute') return [];
  const references = itemsAt(value, 'spec', 'rules').flatMap((rule) => itemsAt(rule, 'backendRefs'));
  return references.flatMap((reference) =>
    (textAt(reference, 'kind') || 'Service') === 'Service'
      ? backendAt(textAt(reference, 'namespace') || namespace, textAt(reference, 'name'), valueAt(reference, 'port'))
      : [],
  );
}

const backendAt = (namespace: string, name: string, port: unknown): Backend[] =>
  name !== '' && (typeof port === 'number' || typeof port === 'string') ? [{ namespace, name, port }] : [];
