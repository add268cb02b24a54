import type { Description } from '../api/description.ts';
import type { Direction } from '../api/types.ts';
import type { PolicyDocument, RuleDocument } from '../document/documentation.ts';
import { listed } from '../document/meaning.ts';
import type { Links } from './documentation-links.ts';
import type { Names } from './documentation-words.ts';
import { escapeMarkdown, markdownCode, proseMarkdown } from './markdown.ts';

/** What the writers of pages are given. */
export interface PageStyle {
  readonly links: Links;
  readonly names: Names;
  /** How many `#` stand before a title of the first level. */
  readonly level: number;
  /** Whether any pods exist, so that it means something that nobody is selected. */
  readonly hasPods: boolean;
}

/** A title of some level below that of the page. */
export const titleLine = ({ level }: Pick<PageStyle, 'level'>, below: number, text: string): string =>
  `${'#'.repeat(level + below)} ${text}`;

/** What an object says of itself, as a quotation. */
export function* descriptionLines({ text, owner }: Description): Iterable<string> {
  if (text !== undefined) yield `> ${proseMarkdown(text)}`;
  if (owner !== undefined) yield `> ${text === undefined ? '' : '— '}${escapeMarkdown(owner)}`;
  if (text !== undefined || owner !== undefined) yield '';
}

const comesAndGoes: Readonly<Record<Direction, string>> = { ingress: 'come in', egress: 'go out' };

/** A policy in plain sentences, with its place. */
export function* policyLines(document: PolicyDocument, style: PageStyle): Iterable<string> {
  const { policy, description, source, tier, rules } = document;
  const { links } = style;
  yield titleLine(style, 3, `<a id="${links.anchor(policy)}"></a>${markdownCode(policy.name)}`);
  yield '';
  yield* descriptionLines(description);
  yield `${tier === undefined ? namespacedText(document, style) : clusterText(document, style)}`;
  if (rules.length > 0) yield '';
  for (const rule of rules) yield `${tier === undefined ? '-' : `${rule.index + 1}.`} ${ruleText(rule, policy.namespace, style)}`;
  yield '';
  if (source !== undefined) yield* [`Written in ${links.place(source)}.`, ''];
}

function namespacedText({ subject, subjects, isolates, rules }: PolicyDocument, style: PageStyle): string {
  const ways = isolates.map(({ direction }) => direction);
  const may = listed(
    ways.map((direction) => comesAndGoes[direction]),
    'or',
  );
  const untested = isolates.filter(({ tested }) => tested === false).map(({ direction }) => direction);
  const noTest = untested.length === 0 ? '' : ` No test asks whether the rest is denied (${listed(untested)}).`;
  const allows = rules.length === 0 ? 'It allows nothing itself.' : 'It allows';
  return `For ${subject}${nowText(subjects, style)}: only what this or another policy allows may ${may}.${noTest} ${allows}`;
}

function clusterText({ subject, subjects, tier, rules }: PolicyDocument, style: PageStyle): string {
  const { name, priority } = tier!;
  const asked = rules.length === 0 ? 'It has no rules.' : 'The first rule that matches decides:';
  return `Tier ${name}, priority ${priority}, for ${subject}${nowText(subjects, style)}. ${asked}`;
}

/** Who that is now. */
function nowText(ids: ReadonlySet<string>, { names, hasPods }: PageStyle): string {
  if (!hasPods) return '';
  return ids.size === 0 ? ' (nobody now)' : ` (now ${names.markdown(ids)})`;
}

const verbs = { accept: 'accept', deny: '**deny**', pass: 'pass on' } as const;

function ruleText(rule: RuleDocument, namespace: string | undefined, style: PageStyle): string {
  const { meaning, peers, source, tested, name, action } = rule;
  const title = name === undefined ? '' : ` (${escapeMarkdown(name)})`;
  const verb = namespace === undefined ? `${verbs[action]}${title} what comes ` : '';
  const place = source === undefined ? '' : ` · ${style.links.place(source, `line ${source.line}`)}`;
  const noTest = tested === false ? ' · **no test**' : '';
  return `${verb}${meaning}${peers === undefined ? '' : nowText(peers, style)}${place}${noTest}`;
}
