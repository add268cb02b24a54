import type { Advice, SideEffect } from '../advise/advise.ts';
import type { Edit } from '../advise/edit.ts';
import type { Source } from '../api/diagnostic.ts';
import { type PolicyId, qualifiedName } from '../api/types.ts';
import { formatSource } from './diagnostics.ts';
import { shortId } from './outside.ts';
import type { Style } from './palette.ts';
import { renderParts } from './table.ts';
import { count, printable, wrapProse } from './text.ts';
import { pairText } from './traffic.ts';

/** How advice is written: fragments of manifests as YAML, which is not the core's to write. */
export interface AdviceStyle extends Style {
  readonly yamlOf: (manifest: unknown) => string;
  readonly sourceOf?: (policy: PolicyId) => Source | undefined;
}

/** The edits that would do it, each with its place, and what they change. */
export function* renderAdvice({ goal, edits, changes, obstacle }: Advice, style: AdviceStyle): Iterable<string> {
  yield '';
  if (obstacle !== undefined) {
    for (const line of wrapProse(`no edit of a NetworkPolicy would ${goal} it: ${obstacleText[obstacle]}`, style.width, '  ')) yield line;
    return;
  }
  yield style.palette.strong(edits.length === 1 ? `to ${goal} it` : `to ${goal} it, all of these`);
  for (const edit of edits) yield* renderEdit(edit, style);
  yield* renderChanges(changes, style);
}

const obstacleText: Readonly<Record<NonNullable<Advice['obstacle']>, string>> = {
  'not-isolated': 'what no policy isolates is open',
  rule: 'the rule that lets it through is none of a NetworkPolicy',
  'no-rule-matched': 'no rule can name the other end, or the protocol',
  self: 'a pod always reaches itself',
  hairpin: 'a pod reaches itself, through a Service',
  'own-node': 'a pod and its own node always reach each other',
  'unpoliced-endpoint': 'policies isolate pods, and neither end is a pod that they see',
  tier: 'a cluster-wide policy decides it',
  'many-edits': 'too many rules let it through for a few edits; see them with -o json',
};

function* renderEdit(edit: Edit, style: AdviceStyle): Iterable<string> {
  const source = edit.source ?? style.sourceOf?.(edit.policy);
  const place = { text: source === undefined ? '' : formatSource(source), paint: style.palette.faint };
  yield* renderParts([`  ${editText(edit)}`, place], style.width);
  if (edit.policyTypes !== undefined) {
    yield `  and write spec.policyTypes: without an egress rule the policy would no longer isolate for egress`;
    yield style.palette.allow(`    policyTypes: [${edit.policyTypes.join(', ')}]`);
  }
  if (edit.additions === undefined) return;
  const shown = edit.action === 'add-policy' ? edit.additions[0] : edit.additions;
  for (const line of style.yamlOf(shown).trimEnd().split('\n')) yield style.palette.allow(`    ${printable(line)}`);
}

function editText({ gate, action, policy, index, item }: Edit): string {
  const name = qualifiedName(policy);
  const peers = gate === 'ingress' ? 'from' : 'to';
  switch (action) {
    case 'add-port':
      return `add to spec.${gate}[${index}].ports of ${name}`;
    case 'add-peer':
      return `add to spec.${gate}[${index}].${peers} of ${name}`;
    case 'add-rule':
      return `add to spec.${gate} of ${name}`;
    case 'add-policy':
      return `add the policy ${name}`;
    case 'remove-port':
      return `remove spec.${gate}[${index}].ports[${item}] of ${name}`;
    case 'remove-peer':
      return `remove spec.${gate}[${index}].${peers}[${item}] of ${name}`;
    case 'remove-rule':
      return `remove spec.${gate}[${index}] of ${name}`;
  }
}

/** More pairs than this are counted. */
const mostShown = 6;

function* renderChanges(changes: readonly SideEffect[], { palette, width }: Style): Iterable<string> {
  yield palette.faint(`  it changes ${count(changes.length, 'pair')} of endpoints`);
  for (const { from, to, before, after, results } of changes.slice(0, mostShown)) {
    const was = results === undefined ? `was ${pairText(before, 'addresses')}` : 'of other addresses';
    const parts = [`    ${shortId(from)} → ${shortId(to)}`, `${pairText(after, 'addresses')}, ${was}`];
    for (const line of renderParts(parts, width, ' '.repeat(8))) yield palette.faint(line);
  }
  if (changes.length > mostShown) yield palette.faint(`    and ${changes.length - mostShown} more`);
}
