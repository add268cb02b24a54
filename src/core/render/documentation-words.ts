import type { Direction, PolicyId } from '../api/types.ts';
import { anyPod, parsePotential, potentialId } from '../cluster/potential-pods.ts';
import type { TrafficAnswer } from '../connectivity/answers.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { Documentation, GateDocument, Isolation } from '../document/documentation.ts';
import { listed, podsMeaning } from '../document/meaning.ts';
import type { Talk } from '../document/talks.ts';
import { trafficRank } from './blocks.ts';
import { Crowd } from './crowd.ts';
import { escapeMarkdown, markdownCode } from './markdown.ts';
import { namesMarkdown } from './matrix-markdown.ts';
import { type Members, pairText, trafficText } from './traffic.ts';

/** More names than this are counted. */
const mostNames = 10;

/** Names endpoints of a documentation in few words. */
export class Names {
  readonly #crowd: Crowd;
  readonly #potential: ReadonlySet<string>;

  constructor({ everyone }: Pick<Documentation, 'everyone'>) {
    this.#crowd = new Crowd(everyone);
    this.#potential = new Set(everyone.flatMap(({ kind, id }) => (kind === 'Potential' ? [id] : [])));
  }

  /** What they are called: `shop/*`, `outside`; in Markdown where they are pods that do not exist. */
  of(ids: ReadonlySet<string>, self?: string): string[] {
    const [first, ...others] = this.#crowd.namesOf(ids, self);
    if (first === 'everybody' && others.length === 0) return [first];
    const real = new Set([...ids].filter((id) => !this.#potential.has(id)));
    return [...this.#crowd.namesOf(real, self), ...this.#potentialIn(ids)];
  }

  /** Where any pod may, it need not be said of some. */
  /** Of what only some may do something, where one of these has to do with itself or others. */
  membersOf(self: string, others: ReadonlySet<string>): Members {
    return this.#crowd.membersOf(self, ...others);
  }

  #potentialIn(ids: ReadonlySet<string>): string[] {
    if (ids.has(potentialId(anyPod))) return ['every namespace'];
    return [...ids]
      .filter((id) => this.#potential.has(id))
      .sort()
      .map(potentialName);
  }

  /** The same in Markdown, of many the first. */
  markdown(ids: ReadonlySet<string>, self?: string): string {
    return listedNames(this.of(ids, self));
  }
}

/** Pods that do not exist, by what would select them. */
function potentialName(id: string): string {
  const name = parsePotential(id);
  if (name === undefined || 'error' in name) return id;
  const { namespace, pods } = name;
  if (typeof namespace !== 'string') return podsMeaning(pods, namespace);
  return podsMeaning(pods, undefined).replace('of this namespace', `of namespace \`${namespace}\``);
}

const listedNames = (names: readonly string[]): string => listedShortly(names.map(nameMarkdown), mostNames);

/** A name in Markdown: what is code in a name of several words is code there, too. */
function nameMarkdown(name: string): string {
  if (name.includes('`')) return `${name} (none yet)`;
  return / .*[/.:]|[/.:].* /.test(name) ? name.replaceAll(/\S*[/.:]\S*/g, (word) => markdownCode(word)) : namesMarkdown([name]);
}

/** The first of some texts, and how many there are more, in a sentence. */
export function listedShortly(texts: readonly string[], most: number): string {
  const left = texts.length - most;
  return left <= 1 ? listed(texts) : `${texts.slice(0, most).join(', ')} and ${left} more`;
}

/** Traffic in words: `on every port`, `on `TCP/80` and every UDP port`. */
function trafficWords(traffic: TrafficAnswer): string {
  if (traffic === 'all') return 'on every port';
  const parts = traffic.map((each) => {
    const text = trafficText([each]);
    return text === each.protocol ? `every ${text} port` : markdownCode(text);
  });
  return `on ${listed(parts)}`;
}

/** What members of a workload may do, where they differ. */
export const talkWords = ({ traffic, partial }: Talk, members: Members): string => {
  if (partial === undefined) return trafficWords(traffic);
  const some = `${trafficWords(partial)} for some of the ${members}`;
  return traffic.length === 0 ? some : `${trafficWords(traffic)}, and ${some}`;
};

/** Everything first, then in the order of what is said. */
export const inOrder = (talks: readonly Talk[]): Talk[] =>
  talks
    .map((talk) => ({ talk, text: pairText(talk, 'pods') }))
    .sort((a, b) => trafficRank(a.text) - trafficRank(b.text) || (keyOf(a) < keyOf(b) ? -1 : 1))
    .map(({ talk }) => talk);

const keyOf = ({ talk, text }: { readonly talk: Talk; readonly text: string }): string =>
  `${text} ${talk.reason} ${talk.by.map(({ name }) => name).join()}`;

/** What an endpoint is called on the page of its namespace. */
export function titleOf({ kind, id, name, workloadKind, pods = 1 }: MatrixEndpoint): string {
  if (kind === 'Potential') return capitalized(potentialName(id));
  const title = `${escapeMarkdown(workloadKind ?? 'Pod')} ${markdownCode(name ?? id)}`;
  return kind === 'Pod' && pods > 1 ? `${title} and ${pods - 1} alike` : title;
}

export const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

const open: Readonly<Record<Direction, string>> = {
  ingress: 'No NetworkPolicy isolates it for ingress: whoever is let out to it may come in.',
  egress: 'No NetworkPolicy isolates it for egress: it may go out to whoever lets it in.',
};
const partly: Readonly<Record<Direction, string>> = {
  ingress: 'Only some of its pods are isolated for ingress.',
  egress: 'Only some of its pods are isolated for egress.',
};
const closed: Readonly<Record<Direction, string>> = {
  ingress: 'Only what a policy allows may come in',
  egress: 'Only what a policy allows may go out',
};

/** How a gate stands, in a sentence. */
export function isolationWords(direction: Direction, { isolation, policies }: GateDocument, link: (policy: PolicyId) => string): string {
  if (isolation === 'unseen') return 'Its pods are in the network of their node, where policies do not see them.';
  const names = policies.length === 0 ? '' : ` (${listed(policies.map(link))})`;
  if (isolation === 'all') return `${closed[direction]}${names}.`;
  const asked = names === '' ? '' : ` What ${listed(policies.map(link))} ${policies.length > 1 ? 'decide' : 'decides'} holds nevertheless.`;
  return `**${isolation === 'none' ? open[direction] : partly[direction]}**${isolation === 'none' ? asked : names}`;
}

/** What becomes of those who are not isolated, by direction, for the list of all of them. Whom policies do not see, they see in no direction. */
export const unprotectedWords: Readonly<Record<Direction, Readonly<Record<Exclude<Isolation, 'all'>, string | undefined>>>> = {
  ingress: {
    none: 'Nothing limits who may come in to these',
    some: 'Only some pods of these are isolated for ingress',
    unseen: 'Policies do not see these, as they are in the network of their node',
  },
  egress: {
    none: 'Nothing limits where these may go',
    some: 'Only some pods of these are isolated for egress',
    unseen: undefined,
  },
};
