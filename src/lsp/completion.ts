import { type CompletionItem, CompletionItemKind } from 'vscode-languageserver/node';
import type { FieldPath } from '#core/api/diagnostic.ts';
import { valueAt } from '#core/api/values.ts';
import { namespaceLabels, podsOf } from '#core/cluster/cluster.ts';
import { equalLabels, type Labels, matches, type Selector } from '#core/label/selector.ts';
import { titleOf } from '#core/lint/context.ts';
import { count } from '#core/render/text.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import type { Field, TypedField } from './field.ts';
import { namedBy } from './meaning.ts';

/** Something that could stand at a place: the text, and what carries it. */
export type Candidate = Pick<CompletionItem, 'label' | 'detail' | 'kind'> & {
  /** As it is written there, if that is not the label. */ readonly written?: string;
};

/** Labels of something, with what it is called. */
interface Carrier {
  readonly labels: Labels;
  readonly title: string;
}

/** What could be typed at a field, of what the workspace knows: labels, namespaces, ports. */
export function candidatesFor(analysis: Analysis, field: TypedField): Candidate[] {
  const { path } = field;
  const last = path.at(-1);
  if (last === 'namespace' && path.at(-2) === 'metadata')
    return namespacesOf(analysis).map(({ title: label }) => ({ label, kind: CompletionItemKind.Module }));
  if (last === 'port' && path.includes('ports')) return portsFor(analysis, field);
  const place = labelPlace(field);
  if (place === undefined) return [];
  const labels = labelsFor(carriersFor(analysis, field, place.selectorPath), place);
  return field.isQuoted ? labels : labels.map((each) => (isNoText.test(each.label) ? { ...each, written: `"${each.label}"` } : each));
}

/** What YAML takes for something else than a text. */
const isNoText = /^(|~|null|true|false|yes|no|on|off|y|n|[-+.\d][-+.\w]*)$/i;

/** A place in a selector: where a label's name is written, or a value of it. */
interface LabelPlace {
  readonly selectorPath: FieldPath;
  /** Undefined: the name itself is being written. */
  readonly key?: string;
}

function labelPlace({ path, isName, object }: Field): LabelPlace | undefined {
  const at = path.findLastIndex((step) => step === 'matchLabels' || step === 'matchExpressions');
  if (at < 0) return servicePlace(path, isName, object);
  const [selectorPath, inner] = [path.slice(0, at), path.slice(at + 1)];
  if (path[at] === 'matchLabels') {
    if (inner.length === 0) return { selectorPath };
    return inner.length === 1 && !isName ? { selectorPath, key: String(inner[0]) } : undefined;
  }
  if (inner[1] === 'key') return { selectorPath };
  const key = valueAt(object, ...path.slice(0, at + 2), 'key');
  return inner[1] === 'values' && typeof key === 'string' ? { selectorPath, key } : undefined;
}

/** The selector of a Service is a map of labels. */
function servicePlace(path: FieldPath, isName: boolean, object: unknown): LabelPlace | undefined {
  const isService = valueAt(object, 'kind') === 'Service';
  if (!isService || path[0] !== 'spec' || path[1] !== 'selector') return undefined;
  if (path.length === 2) return { selectorPath: path };
  return path.length === 3 && !isName ? { selectorPath: path.slice(0, 2), key: String(path[2]) } : undefined;
}

function labelsFor(carriers: readonly Carrier[], { key }: LabelPlace): Candidate[] {
  const found = new Map<string, Set<string>>();
  for (const { labels, title } of carriers)
    for (const label of key === undefined ? Object.keys(labels) : Object.hasOwn(labels, key) ? [labels[key]!] : []) {
      const titles = found.get(label) ?? new Set();
      found.set(label, titles.add(title));
    }
  const kind = key === undefined ? CompletionItemKind.Property : CompletionItemKind.Value;
  return Array.from(found, ([label, titles]) => ({ label, kind, detail: titlesText([...titles]) }));
}

const titlesText = (titles: readonly string[]): string =>
  titles.length > 2 ? `${titles[0]} and ${titles.length - 1} more` : titles.join(', ');

/** Whose labels a selector is held against: pods where pods are selected, namespaces where namespaces are. */
function carriersFor(analysis: Analysis, field: Field, selectorPath: FieldPath): readonly Carrier[] {
  const last = selectorPath.at(-1);
  if (last === 'namespaceSelector' || last === 'namespaces') return namespacesOf(analysis);
  const home = namedBy(field)?.namespace;
  const sibling = valueAt(field.object, ...selectorPath.slice(0, -1), 'namespaceSelector');
  const isClusterWide = namedBy(field)?.kind === 'ClusterNetworkPolicy';
  const homes = isClusterWide
    ? namespacesOf(analysis)
    : sibling === undefined
      ? namespacesOf(analysis).filter(({ title }) => title === home)
      : namespacesOf(analysis).filter(({ labels }) => matches(selectorWritten(sibling), labels));
  const titles = new Set(homes.map(({ title }) => title));
  return [...podsOf(analysis.cluster)]
    .filter(({ namespace }) => titles.has(namespace))
    .map((pod) => ({ labels: pod.labels, title: titleOf(pod) }));
}

const namespacesOf = ({ cluster }: Analysis): Carrier[] =>
  Array.from(cluster.namespaces, ([title, content]) => ({ title, labels: namespaceLabels(title, content) }));

/** A selector as far as it is written. */
function selectorWritten(value: unknown): Selector {
  const labels = valueAt(value, 'matchLabels');
  const equal = isRecord(labels) ? Object.entries(labels).filter(([, each]) => typeof each === 'string') : [];
  return equalLabels(Object.fromEntries(equal) as Labels);
}

/** Ports of the pods that a rule's ports are asked for at: of its policy's, for ingress, else of those that it names. */
function portsFor(analysis: Analysis, field: Field): Candidate[] {
  const { path, object } = field;
  const [, direction, index] = path;
  const peers = valueAt(object, 'spec', 'egress', Number(index), 'to');
  const paths: FieldPath[] =
    direction === 'egress'
      ? (Array.isArray(peers) ? peers : []).map((_, item) => ['spec', 'egress', Number(index), 'to', item, 'podSelector'])
      : [['spec', 'podSelector']];
  const pods = paths.flatMap((selectorPath) => {
    const wanted = selectorWritten(valueAt(object, ...selectorPath));
    const carried = new Set(carriersFor(analysis, field, selectorPath).map(({ title }) => title));
    return [...podsOf(analysis.cluster)].filter((pod) => carried.has(titleOf(pod)) && matches(wanted, pod.labels));
  });
  const found = Map.groupBy(
    pods.flatMap((pod) => pod.ports.map((port) => ({ port, title: titleOf(pod) }))),
    ({ port }) => port.name ?? String(port.port),
  );
  return Array.from(found, ([label, uses]) => {
    const numbers = [...new Set(uses.map(({ port }) => `${port.protocol}/${port.port}`))];
    const titles = [...new Set(uses.map(({ title }) => title))];
    return {
      label,
      kind: CompletionItemKind.Value,
      detail: `${numbers.join(', ')} of ${titles.length > 2 ? count(titles.length, 'workload') : titles.join(', ')}`,
    };
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string | number, unknown>> => typeof value === 'object' && value !== null;
