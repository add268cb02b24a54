import type { Description } from '../api/description.ts';
import { type Direction, directions, type PolicyId, qualifiedName } from '../api/types.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { GateDocument, NamespaceDocument, WorkloadDocument } from '../document/documentation.ts';
import { listed } from '../document/meaning.ts';
import type { Talk } from '../document/talks.ts';
import { descriptionLines, type PageStyle, titleLine } from './documentation-policy.ts';
import { capitalized, inOrder, isolationWords, listedShortly, talkWords, titleOf } from './documentation-words.ts';
import { markdownCode, proseMarkdown } from './markdown.ts';
import { count } from './text.ts';
import { shortList } from './thing-class.ts';

/** Names in a title before the others are only counted. */
const mostInTitle = 4;
/** Labels of a workload that are shown. */
const mostLabels = 4;
/** Characters of a reason that stand beside a connection; the whole is told of the policy. */
const mostOfReason = 120;

/** The workloads of a namespace: those that are treated alike stand together. */
export function* workloadLines({ name, workloads }: NamespaceDocument, policies: PolicyDescriptions, style: PageStyle): Iterable<string> {
  const gates = new Gates(name, policies, style);
  const alike = Map.groupBy(workloads, (workload) =>
    directions.map((direction) => gates.lines(workload, direction).join('\n')).join('\n\n'),
  );
  // Of pods that could exist, those without a label that a policy asks for are what is left.
  const title = (endpoint: MatrixEndpoint): string =>
    endpoint.kind === 'Potential' && workloads.length > 1 ? titleOf(endpoint).replace(/^Every pod/, 'Any other pod') : titleOf(endpoint);
  for (const group of alike.values()) {
    yield titleLine(
      style,
      3,
      listedShortly(
        group.map(({ endpoint }) => title(endpoint)),
        mostInTitle,
      ),
    );
    yield '';
    yield* factLines(group);
    for (const direction of directions.toReversed()) yield* [...gates.lines(group[0]!, direction), ''];
  }
}

/** What policies say of themselves, by their names. */
export type PolicyDescriptions = ReadonlyMap<string, Description>;

/** What is known of each workload of a group. */
function* factLines(group: readonly WorkloadDocument[]): Iterable<string> {
  if (group.length === 1) {
    yield* descriptionLines(group[0]!.description);
    const facts = factsOf(group[0]!);
    if (facts !== '') yield* [`${capitalized(facts)}.`, ''];
    return;
  }
  for (const workload of group) {
    const { text } = workload.description;
    yield `- ${[titleOf(workload.endpoint), factsOf(workload)].filter(Boolean).join(': ')}${text === undefined ? '' : `. ${proseMarkdown(text)}`}`;
  }
  yield '';
}

/** `2 pods with `app=web`; declares TCP/80 (http)`. */
function factsOf({ endpoint, labels, ports }: WorkloadDocument): string {
  if (endpoint.kind === 'Potential') return 'no such pod exists yet';
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const shown = shortList(texts, mostLabels).map((text) => (text.startsWith('and ') ? text : markdownCode(text)));
  const declared = ports.map(
    ({ protocol, port, name }) => `${markdownCode(`${protocol}/${port}`)}${name === undefined ? '' : ` (${name})`}`,
  );
  return [
    `${count(endpoint.pods ?? 1, 'pod')}${shown.length === 0 ? '' : ` with ${shown.join(', ')}`}`,
    ...(declared.length === 0 ? [] : [`declares ${listed(declared)}`]),
  ].join('; ');
}

const noTalk = ({ isolation }: GateDocument): string => (isolation === 'all' ? ' None allows anything.' : ' There is nobody.');
const names: Readonly<Record<Direction, string>> = { ingress: 'Who may talk to it', egress: 'Whom it may talk to' };
const own: Readonly<Record<Direction, string>> = { ingress: 'lets it in', egress: 'lets it out' };
const others: Readonly<Record<Direction, string>> = { ingress: 'lets it out', egress: 'lets it in' };

/** Writes the gates of workloads of a namespace. */
class Gates {
  readonly #namespace: string;
  readonly #policies: PolicyDescriptions;
  readonly #style: PageStyle;

  constructor(namespace: string, policies: PolicyDescriptions, style: PageStyle) {
    this.#namespace = namespace;
    this.#policies = policies;
    this.#style = style;
  }

  lines({ endpoint, ...workload }: WorkloadDocument, direction: Direction): string[] {
    const gate: GateDocument = workload[direction];
    const link = (policy: PolicyId): string => this.#style.links.policy(policy, this.#namespace);
    const talks = inOrder(gate.talks);
    return [
      `**${names[direction]}.** ${isolationWords(direction, gate, link)}${talks.length === 0 ? noTalk(gate) : ''}`,
      ...(talks.length === 0 ? [] : ['']),
      ...talks.map((talk) => `- ${this.#talk(talk, endpoint.id, direction, link)}`),
    ];
  }

  #talk(talk: Talk, self: string, direction: Direction, link: (policy: PolicyId) => string): string {
    const what = `${this.#style.names.markdown(talk.others, self)} ${talkWords(talk, this.#style.names.membersOf(self, talk.others))}`;
    const here = talk.by.length === 0 ? [] : [`${policiesText(talk.by, link)} ${own[direction]}`];
    const there = talk.elsewhere.length === 0 ? [] : [`${policiesText(talk.elsewhere, link)} ${others[direction]}`];
    const isBoth = here.length > 0 && policiesText(talk.by, link) === policiesText(talk.elsewhere, link) && talk.by.length === 1;
    const because = isBoth ? `${policiesText(talk.by, link)} allows it at both ends` : [...here, ...there].join(' and ');
    return `${what}${because === '' ? '' : `: ${because}`}${this.#reasonOf(talk)}`;
  }

  /** What the only policy that lets it through says of itself. */
  #reasonOf({ by }: Talk): string {
    const text = by.length === 1 ? this.#policies.get(qualifiedName(by[0]!))?.text : undefined;
    if (text === undefined) return '';
    const short = text.length <= mostOfReason ? text : `${text.slice(0, text.lastIndexOf(' ', mostOfReason))} …`;
    return ` – *${proseMarkdown(short)}*`;
  }
}

/** Policies that are named before the others are only counted. */
const mostPolicies = 3;

const policiesText = (policies: readonly PolicyId[], link: (policy: PolicyId) => string): string =>
  policies.length <= mostPolicies ? listed(policies.map(link), 'or') : `one of ${count(policies.length, 'policy', 'policies')}`;
