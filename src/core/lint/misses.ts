import type { FieldPath } from '../api/diagnostic.ts';
import { closest } from '../api/spelling.ts';
import type { Labels, Requirement, Selector } from '../label/selector.ts';
import { matches } from '../label/selector.ts';
import type { Carrier, LintContext } from './context.ts';
import type { LineEdit } from './finding.ts';
import { type LintedPolicy, pathOf, podPeersIn } from './linted-policy.ts';
import type { Labelled } from './originals.ts';

/** Why a selector selects no pod, as far as can be told. */
export type Cause =
  /** Its labels are those of an object that makes pods, or of a Service, and not those of the pods. */
  | { readonly kind: 'owner' | 'service'; readonly object: Labelled }
  /** One label is nearly that of some pod. */
  | { readonly kind: 'near'; readonly wrong: string; readonly meant: string; readonly key: string; readonly isKey: boolean }
  | { readonly kind: 'unknown' };

/** A selector of pods that selects none where there are some. */
export interface Miss {
  readonly policy: LintedPolicy;
  /** The subject of the policy, or a peer of a rule. */
  readonly where: 'subject' | 'peer';
  readonly selector: Selector;
  readonly path: FieldPath;
  readonly namespaces: readonly string[];
  readonly cause: Cause;
}

/** Every selector of pods that selects nothing, in namespaces that have pods. Empty selectors are no misses: they wait for pods. */
export function missesIn(context: LintContext): readonly Miss[] {
  return context.keep('misses', () => context.asked.flatMap((policy) => [...missesOf(context, policy)]));
}

function* missesOf(context: LintContext, policy: LintedPolicy): Generator<Miss> {
  const { namespace, subject } = policy.policy;
  if (policy.compiled.subjects.classes.size === 0) {
    const miss = missAt(context, [namespace], subject);
    if (miss) yield { policy, where: 'subject', selector: subject, path: ['spec', 'podSelector'], ...miss };
  }
  for (const rule of policy.rules())
    for (const { item, place, compiled } of podPeersIn(rule)) {
      if (compiled.set.classes.size > 0) continue;
      const miss = missAt(context, context.namespacesOf(namespace, item.namespaces), item.pods);
      if (miss) yield { policy, where: 'peer', selector: item.pods, path: [...pathOf(rule, 'peers', place), 'podSelector'], ...miss };
    }
}

function missAt(context: LintContext, namespaces: readonly string[], selector: Selector): Pick<Miss, 'namespaces' | 'cause'> | undefined {
  if (selector.requirements.length === 0) return undefined;
  const carriers = namespaces.flatMap((namespace) => context.carriers(namespace));
  if (carriers.length === 0 || carriers.some(({ labels }) => matches(selector, labels))) return undefined;
  return { namespaces, cause: causeOf(context, namespaces, selector, carriers) };
}

function causeOf({ originals }: LintContext, namespaces: readonly string[], selector: Selector, carriers: readonly Carrier[]): Cause {
  const object = originals.labelled.find(({ namespace, labels }) => namespaces.includes(namespace) && matches(selector, labels));
  if (object !== undefined) return { kind: object.kind === 'Service' ? 'service' : 'owner', object };
  return nearMiss(
    selector,
    carriers.map(({ labels }) => labels),
  );
}

/** Whether one requirement, put right, would do. */
export function nearMiss(selector: Selector, all: readonly Labels[]): Cause {
  for (const requirement of selector.requirements) {
    const others = { ...selector, requirements: selector.requirements.filter((other) => other !== requirement) };
    const rest = all.filter((labels) => matches(others, labels));
    const near = rest.length > 0 ? nearOf(requirement, rest) : undefined;
    if (near !== undefined) return near;
  }
  return { kind: 'unknown' };
}

function nearOf(requirement: Requirement, all: readonly Labels[]): Cause | undefined {
  if (requirement.operator !== 'In' || requirement.values.length !== 1) return undefined;
  const { key, values } = requirement;
  const value = values[0]!;
  const ofKey = all.flatMap((labels) => (Object.hasOwn(labels, key) ? [labels[key]!] : []));
  if (ofKey.includes(value)) return undefined;
  const meant = likeliest(value, ofKey);
  if (meant !== undefined) return { kind: 'near', wrong: value, meant, key, isKey: false };
  // The right value under a key that is nearly, or is but for its prefix, the one that is written.
  const keys = [...new Set(all.flatMap((labels) => Object.keys(labels).filter((other) => other !== key && labels[other] === value)))];
  const bare = (text: string): string => text.slice(text.indexOf('/') + 1);
  const other =
    closest(key, keys) ?? keys.find((each) => bare(each) === bare(key)) ?? keys.find((each) => key === 'app' && bare(each) === 'name');
  return other === undefined ? undefined : { kind: 'near', wrong: key, meant: other, key, isKey: true };
}

/** The value that was meant: a slip of the pen, not another number of a series such as `web-1` for `web-2`. */
function likeliest(value: string, others: readonly string[]): string | undefined {
  const near = closest(value, [...new Set(others)]);
  const withoutDigits = (text: string): string => text.replaceAll(/[0-9]+/g, '');
  if (near === undefined || value.length < 4 || near.length < 4) return undefined;
  return withoutDigits(near) === withoutDigits(value) && /[0-9]/.test(value + near) ? undefined : near;
}

/** The edit that puts a near miss right, where it is written as a plain label. */
export function editOf(policy: LintedPolicy, path: FieldPath, cause: Cause & { readonly kind: 'near' }): LineEdit | undefined {
  const { wrong, meant, key, isKey } = cause;
  const source = policy.at([...path, 'matchLabels', key]);
  if (source === undefined || isKey) return undefined;
  return { source, find: wrong, replace: meant };
}

/** `namespace shop`, `the selected namespaces`. */
export const namesOf = (namespaces: readonly string[]): string =>
  namespaces.length === 1 ? `namespace ${namespaces[0]}` : 'the selected namespaces';
