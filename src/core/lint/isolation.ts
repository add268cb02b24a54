import type { PodClass } from '../policy/model.ts';
import type { LintContext } from './context.ts';

/** The classes of pods that policy can isolate, by namespace. */
export function classesByNamespace(context: LintContext): ReadonlyMap<string, readonly PodClass[]> {
  return context.keep('classes', () => {
    const classes = new Map<string, PodClass[]>();
    for (const podClass of context.analysis.model.classes.values()) {
      const known = classes.get(podClass.namespace);
      if (known === undefined) classes.set(podClass.namespace, [podClass]);
      else known.push(podClass);
    }
    return new Map([...classes].sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
