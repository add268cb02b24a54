import { itemsAt, textAt, valueAt } from '../../api/values.ts';
import { closing, isOpenToAddresses, reachedBy, reachedText } from '../callers.ts';
import type { Foreign } from '../originals.ts';
import type { LintRule } from '../rule.ts';

/** Pods that the API server calls, and that let in nobody but pods. */
export const webhookIngressBlocked: LintRule = {
  code: 'webhook-ingress-blocked',
  severity: 'warning',
  summary: 'the API server calls a webhook, and the pods behind it let in nobody but pods',
  *check(context) {
    // On a single node the API server is on the node of the pods, which always reaches them.
    if (context.analysis.cluster.nodes.size === 1) return;
    for (const object of context.originals.foreign)
      for (const called of calledBy(object))
        for (const reached of reachedBy(context, called.namespace, called.name, called.port)) {
          const policy = closing(context, reached.podClass, 'ingress');
          if (policy === undefined || isOpenToAddresses(context, reached)) continue;
          const { kind, name, source } = object;
          const message = `the API server calls ${reachedText(reached)} (${kind} ${name}), and no rule lets in an address that is no pod's`;
          yield policy.remark(['spec'], message, source && { related: [{ message: `${kind} ${name}`, source }] });
        }
  },
};

/** The Services that the API server calls because of an object. */
function calledBy({ kind, value }: Foreign): { namespace: string; name: string; port: number }[] {
  const references =
    kind === 'APIService'
      ? [valueAt(value, 'spec', 'service')]
      : kind === 'CustomResourceDefinition'
        ? [valueAt(value, 'spec', 'conversion', 'webhook', 'clientConfig', 'service')]
        : kind.endsWith('WebhookConfiguration')
          ? itemsAt(value, 'webhooks').map((webhook) => valueAt(webhook, 'clientConfig', 'service'))
          : [];
  return references
    .filter((reference) => textAt(reference, 'name') !== '')
    .map((reference) => ({
      namespace: textAt(reference, 'namespace'),
      name: textAt(reference, 'name'),
      port: Number(valueAt(reference, 'port') ?? 443),
    }));
}
