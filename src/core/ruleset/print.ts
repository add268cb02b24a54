import type {
  AddressSetObject,
  Chain,
  Change,
  ConnectionState,
  Expression,
  Key,
  Rule,
  RulesetObject,
  Transaction,
  Verdict,
  VerdictMap,
} from './types.ts';
import { table } from './types.ts';

/** nft's expression for each key. Source: nft(8), CONNTRACK EXPRESSIONS; the reply's source is the destination after DNAT. */
const keyTexts: Record<Key, string> = {
  source4: 'ct original ip saddr',
  source6: 'ct original ip6 saddr',
  destination4: 'ct reply ip saddr',
  destination6: 'ct reply ip6 saddr',
  'destination-port': 'ct reply proto-src',
  ends4: 'ct original ip saddr . ct reply ip saddr',
  ends6: 'ct original ip6 saddr . ct reply ip6 saddr',
  'destination-and-port4': 'ct reply ip saddr . ct reply proto-src',
  'destination-and-port6': 'ct reply ip6 saddr . ct reply proto-src',
  'packet-source4': 'ip saddr',
  'packet-source6': 'ip6 saddr',
  'packet-destination4': 'ip daddr',
  'packet-destination6': 'ip6 daddr',
};

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

/** A verdict as nft writes it. */
export function printVerdict(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.to} ${verdict.chain}` : verdict.to;
}

function printExpression(expression: Expression): string {
  if ('match' in expression) return printMatch(expression);
  switch (expression.do) {
    case 'set-mark':
      return `ct mark set ct mark & ${hex(~expression.mask)} | ${hex(expression.value)}`;
    case 'count':
      return `counter name "${expression.counter}"`;
    case 'log':
      return `log prefix "${expression.prefix}" group ${expression.group}`;
    case 'witness': {
      const ip = expression.family === 4 ? 'ip' : 'ip6';
      return `update @${expression.set} { ct original ${ip} saddr . ct reply ${ip} saddr . meta l4proto . th sport . th dport }`;
    }
    case 'reset':
      return 'reject with tcp reset';
    case 'dispatch':
      return `${keyTexts[expression.key]} vmap @${expression.map}`;
    case 'by-state': {
      const states = Object.keys(expression.chains) as ConnectionState[];
      return `ct state vmap { ${states.map((state) => `${state} : ${printVerdict(expression.chains[state])}`).join(', ')} }`;
    }
    case 'verdict':
      return printVerdict(expression.verdict);
  }
}

function printMatch(expression: Extract<Expression, { match: string }>): string {
  switch (expression.match) {
    case 'protocol':
      return `meta l4proto ${expression.protocol.toLowerCase()}`;
    case 'in':
      return `${keyTexts[expression.key]} @${expression.set}`;
    case 'not-in':
      return `${keyTexts[expression.key]} != @${expression.set}`;
    case 'icmp':
      return 'meta l4proto { icmp, icmpv6 }';
    case 'other-protocol':
      return 'meta l4proto != { tcp, udp, sctp }';
    case 'neighbour-discovery':
      return 'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect }';
    case 'not-syn':
      return 'tcp flags & (fin|syn|rst|ack) != syn';
    case 'mark':
      return `ct mark & ${hex(expression.mask)} == ${hex(expression.value)}`;
    case 'established':
      return 'ct state established';
    case 'original-direction':
      return 'ct direction original';
    case 'interface':
      return `iifname "${expression.pattern}"`;
    case 'spoofed':
      return 'fib saddr . iif oif missing';
    case 'over-rate':
      return `limit rate over ${expression.perSecond}/second burst ${expression.burst} packets`;
  }
}

/** A rule as nft writes it. */
export function printRule(rule: Rule): string {
  const text = rule.expressions.map(printExpression).join(' ');
  return rule.comment === undefined ? text : `${text} comment "${commentText(rule.comment)}"`;
}

/** A comment that nft accepts: printable, no quotes, at most 128 bytes. Source: NFT_USERDATA_MAXLEN in the kernel. */
export function commentText(text: string): string {
  const clean = text.replaceAll(/[^ !#-[\]-~]/g, '?');
  return clean.length <= 120 ? clean : `${clean.slice(0, 117)}...`;
}

/** An element of a verdict map or a set. */
export function printElement(key: string, verdict?: Verdict): string {
  return verdict === undefined ? key : `${key} : ${printVerdict(verdict)}`;
}

function elementsOf(object: AddressSetObject | VerdictMap): string[] {
  return object.kind === 'map'
    ? Array.from(object.elements, ([key, verdict]) => printElement(key, verdict))
    : Array.from(object.elements, (key) => printElement(key));
}

/** The properties of an object between its braces, in nft's order; elements of a set come last. */
function propertiesOf(object: RulesetObject): string[] {
  const comment = object.comment === undefined ? [] : [`comment "${commentText(object.comment)}"`];
  switch (object.kind) {
    case 'chain':
      return [
        ...(object.hook ? [`type filter hook ${object.hook.hook} priority ${object.hook.priority}`, 'policy accept'] : []),
        ...comment,
      ];
    case 'counter':
      return comment;
    case 'set':
    case 'map': {
      const type = `type ${object.types.join(' . ')}${object.kind === 'map' ? ' : verdict' : ''}`;
      const elements = elementsOf(object);
      const timeout = object.kind === 'set' ? object.timeoutSeconds : undefined;
      return [
        type,
        ...(timeout === undefined ? [] : ['size 65535', 'flags dynamic,timeout', `timeout ${timeout}s`]),
        ...(object.interval ? ['flags interval'] : []),
        ...comment,
        ...(elements.length === 0 ? [] : [`elements = { ${elements.join(', ')} }`]),
      ];
    }
  }
}

/** The command that adds an object, a chain without its rules. */
function printAdd(object: RulesetObject): string {
  const properties = propertiesOf(object);
  const body = properties.length === 0 ? '' : ` { ${properties.map((property) => `${property};`).join(' ')} }`;
  return `add ${object.kind} ${table} ${object.name}${body}`;
}

const printRules = (chain: string, rules: readonly Rule[]): string[] =>
  rules.map((rule) => `add rule ${table} ${chain} ${printRule(rule)}`);

/** A transaction as a script for `nft -f`; the empty text for an empty one. */
export function printTransaction(transaction: Transaction): string {
  if (transaction.length === 0) return '';
  const created = transaction.flatMap((change) => (change.change === 'create' ? [change.object] : []));
  const others = transaction.filter((change) => change.change !== 'create');
  const lines = [
    ...others.filter(({ change }) => change !== 'remove').flatMap(printChange),
    ...printCreations(created),
    ...printRemovals(others),
  ];
  return `${lines.join('\n')}\n`;
}

/** What is referred to is created first; rules come last. */
function printCreations(objects: readonly RulesetObject[]): string[] {
  if (objects.length === 0) return [];
  const of = (...kinds: RulesetObject['kind'][]): RulesetObject[] => objects.filter(({ kind }) => kinds.includes(kind));
  const chains = of('chain') as Chain[];
  return [
    `add table ${table}`,
    ...of('counter', 'set').map(printAdd),
    ...chains.map(printAdd),
    ...of('map').map(printAdd),
    ...chains.flatMap(({ name, rules }) => printRules(name, rules)),
  ];
}

/** Chains are emptied before anything that they refer to goes. */
function printRemovals(changes: readonly Change[]): string[] {
  const removals = changes.filter((change) => change.change === 'remove');
  const chains = removals.filter(({ kind }) => kind === 'chain');
  return [
    ...chains.map(({ name }) => `flush chain ${table} ${name}`),
    ...removals.map(({ kind, name }) => `delete ${kind} ${table} ${name}`),
  ];
}

function printChange(change: Change): string[] {
  switch (change.change) {
    case 'add':
    case 'delete':
      return printElements(change.change, change.set, change.elements);
    case 'replace':
      return [`flush chain ${table} ${change.chain}`, ...printRules(change.chain, change.rules)];
    case 'refill':
      return [`flush ${change.object.kind} ${table} ${change.object.name}`, printAdd(change.object)];
    case 'create':
    case 'remove':
      return [];
  }
}

/** Commands for some elements, in pieces of a length that nft's parser likes. */
function printElements(verb: 'add' | 'delete', set: string, elements: readonly (readonly [string, Verdict?])[]): string[] {
  const commands: string[] = [];
  for (let start = 0; start < elements.length; start += 1000) {
    const piece = elements.slice(start, start + 1000).map(([key, verdict]) => printElement(key, verdict));
    commands.push(`${verb} element ${table} ${set} { ${piece.join(', ')} }`);
  }
  return commands;
}

/** A table that meets no packet: its chains are not hooked in. */
export interface DormantTable {
  readonly name: string;
}

/** A whole table as one readable script, loadable with `nft -f`; ours, or a dormant one of another name. */
export function printTable(objects: Iterable<RulesetObject>, dormant?: DormantTable): string {
  const lines: string[] = dormant === undefined ? [] : ['', '\tflags dormant', ''];
  for (const object of objects) {
    lines.push('', `\t${object.kind} ${object.name} {`);
    for (const property of propertiesOf(object)) lines.push(`\t\t${wrapElements(property)}${object.kind === 'chain' ? ';' : ''}`);
    if (object.kind === 'chain') for (const rule of object.rules) lines.push(`\t\t${printRule(rule)}`);
    lines.push('\t}');
  }
  return [`table ${dormant?.name ?? table} {`, ...lines.slice(1), '}', ''].join('\n');
}

/** Long element lists get a line for each few elements. */
function wrapElements(property: string): string {
  if (!property.startsWith('elements = { ') || property.length < 100) return property;
  const elements = property.slice('elements = { '.length, -2).split(', ');
  const rows: string[] = [];
  let row = '';
  for (const element of elements) {
    if (row !== '' && row.length + element.length > 90) {
      rows.push(row);
      row = '';
    }
    row += `${element}, `;
  }
  rows.push(row.replace(/, $/, ''));
  return `elements = { ${rows.map((text) => text.trimEnd()).join('\n\t\t\t     ')} }`;
}
