import { matches, type Selector } from '../../label/selector.ts';
import type { LintContext } from '../context.ts';
import { pathOf, podPeersIn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A selector whose pods all share the network of their node, where policy does not tell them from it. */
export const hostnetworkSelected: LintRule = {
  code: 'hostnetwork-selected',
  severity: 'warning',
  summary: 'a selector selects pods in the network of their node only, which policies do not see as pods',
  *check(context) {
    if (context.analysis.model.choices.hostnetwork === 'as-pods') return;
    for (const policy of context.asked) {
      const { namespace, subject } = policy.policy;
      const title = onlyHostNetwork(context, [namespace], subject);
      if (title !== undefined)
        yield policy.remark(['spec', 'podSelector'], `${title} runs in the network of its node, where a NetworkPolicy has no effect`);
      for (const rule of policy.rules())
        for (const { item, place } of podPeersIn(rule)) {
          const peer = onlyHostNetwork(context, context.namespacesOf(namespace, item.namespaces), item.pods);
          if (peer === undefined) continue;
          const message = `${peer} runs in the network of its node and has its address: no selector means it; use an ipBlock of the nodes`;
          yield policy.remark([...pathOf(rule, 'peers', place), 'podSelector'], message);
        }
    }
  },
};

/** One of the pods, if there are some and all of them share their node's network. A selector of all pods means those to come. */
function onlyHostNetwork(context: LintContext, namespaces: readonly string[], selector: Selector): string | undefined {
  if (selector.requirements.length === 0) return undefined;
  let first: string | undefined;
  for (const name of namespaces)
    for (const { labels, hostNetwork, title } of context.carriers(name)) {
      if (!matches(selector, labels)) continue;
      if (!hostNetwork) return undefined;
      first ??= title;
    }
  return first;
}
