import { namespaceNameLabel } from '../../api/namespace.ts';
import { itemsAt, textAt, valueAt } from '../../api/values.ts';
import { equalLabels, type Labels, matches, type Selector, selector } from '../../label/selector.ts';
import type { PodClass } from '../../policy/model.ts';
import { closing, isOpenToSomebody, lessSure, type Reached, reachedBy, reachedText } from '../callers.ts';
import type { LintContext } from '../context.ts';
import type { Foreign } from '../originals.ts';
import { memberOf, verdictOf } from '../reach.ts';
import type { LintRule } from '../rule.ts';

/** Pods whose metrics Prometheus is told to fetch, and cannot. */
export const metricsBlocked: LintRule = {
  code: 'metrics-blocked',
  severity: 'warning',
  summary: 'Prometheus is told to fetch metrics from pods that do not let it in',
  *check(context) {
    for (const { reached, by } of targetsIn(context)) {
      const policy = closing(context, reached.podClass, 'ingress');
      const isOpen = policy === undefined || isLetIn(context, reached);
      if (policy === undefined || isOpen === true) continue;
      const message = `Prometheus is to fetch metrics from ${reachedText(reached)} (${by}), and no rule lets it in`;
      yield policy.remark(['spec'], message, lessSure(isOpen));
    }
  },
};

/** Something that Prometheus is told to fetch from, and where it is told so. */
interface Target {
  readonly reached: Reached;
  readonly by: string;
}

function targetsIn(context: LintContext): Target[] {
  const ofMonitors = context.originals.foreign.flatMap((monitor) => {
    const by = `${monitor.kind} ${monitor.namespace}/${monitor.name}`;
    const reached =
      monitor.kind === 'ServiceMonitor' ? byServices(context, monitor) : monitor.kind === 'PodMonitor' ? byPods(context, monitor) : [];
    return reached.map((each) => ({ reached: each, by }));
  });
  const all = [...annotated(context), ...ofMonitors];
  return [...new Map(all.map((each) => [`${each.reached.podClass.key} ${each.reached.port}`, each])).values()];
}

/** Pods that say by annotations that they have metrics. */
function annotated({ analysis: { model }, originals }: LintContext): Target[] {
  return [...model.classes.values()].flatMap((podClass) => {
    const metrics = originals.notesOf(memberOf(podClass))?.metrics;
    if (metrics === undefined) return [];
    return [{ reached: { podClass, protocol: 'TCP' as const, port: metrics }, by: 'annotation prometheus.io/scrape' }];
  });
}

function byServices(context: LintContext, { namespace: home, value }: Foreign): Reached[] {
  const wanted = selectorAt(value);
  return context.originals.labelled
    .filter(({ kind, namespace, labels }) => kind === 'Service' && isWithin(value, home, namespace) && matches(wanted, labels))
    .flatMap(({ namespace, name }) =>
      itemsAt(value, 'spec', 'endpoints').flatMap((endpoint) => reachedBy(context, namespace, name, textAt(endpoint, 'port'))),
    );
}

function byPods(context: LintContext, { namespace: home, value }: Foreign): Reached[] {
  const wanted = selectorAt(value);
  const names = itemsAt(value, 'spec', 'podMetricsEndpoints').map((endpoint) => textAt(endpoint, 'port'));
  return [...context.analysis.model.classes.values()]
    .filter(({ namespace, labels }) => isWithin(value, home, namespace) && matches(wanted, labels))
    .flatMap((podClass) =>
      podClass.ports
        .filter(({ name, protocol }) => protocol === 'TCP' && names.includes(name!))
        .map(({ port }) => ({ podClass, protocol: 'TCP' as const, port })),
    );
}

/** Whether a monitor looks for targets in a namespace. */
function isWithin(value: unknown, home: string, namespace: string): boolean {
  const within = valueAt(value, 'spec', 'namespaceSelector');
  if (valueAt(within, 'any') === true) return true;
  const names = itemsAt(within, 'matchNames');
  return names.length > 0 ? names.includes(namespace) : namespace === home;
}

/** The selector of a monitor; one that says more than equalities selects nothing here. */
function selectorAt(value: unknown): Selector {
  const labels = (valueAt(value, 'spec', 'selector', 'matchLabels') ?? {}) as Labels;
  const isPlain = itemsAt(value, 'spec', 'selector', 'matchExpressions').length === 0;
  return isPlain ? equalLabels(labels) : selector([{ key: namespaceNameLabel, operator: 'In', values: [] }]);
}

const isPrometheus = ({ labels }: PodClass): boolean =>
  labels['app.kubernetes.io/name'] === 'prometheus' || labels.app === 'prometheus' || labels.app === 'prometheus-server';

/** Whether Prometheus is let in: one that is known, or else somebody who could be it. */
function isLetIn(context: LintContext, reached: Reached): boolean | 'unlikely' {
  const known = [...context.analysis.model.classes.values()].filter(isPrometheus);
  if (known.length === 0) return isOpenToSomebody(context, reached, isPrometheus);
  return known.some((each) => verdictOf(context.analysis, memberOf(each), memberOf(reached.podClass), reached)?.ingress.allowed !== false);
}
