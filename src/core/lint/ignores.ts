import { type PolicyId, qualifiedName } from '../api/types.ts';
import type { LintContext } from './context.ts';
import type { Finding, Remark } from './finding.ts';
import type { RuleTitle } from './rule.ts';

/** The annotation of a policy that says which findings are meant to be: `code reason; code reason`. */
const ignoreAnnotation = 'sallyport.dev/ignore';

/** One finding that somebody has looked at and wants left alone. */
interface Ignore {
  readonly policy: PolicyId;
  readonly code: string;
  readonly reason: string;
  readonly complain: (message: string) => Remark;
}

/** About ignore annotations that are wrong. */
export const invalidIgnore: RuleTitle = {
  code: 'invalid-ignore',
  severity: 'warning',
  summary: 'an ignore annotation without a reason, of a rule that there is not, or with nothing to ignore',
};

/** The findings that no annotation wants left alone, and what is wrong with the annotations. `ran` are the codes that were looked for. */
export function withoutIgnored(
  context: LintContext,
  findings: readonly Finding[],
  ran: ReadonlySet<string>,
  known: ReadonlySet<string>,
): Finding[] {
  const ignores = ignoresIn(context);
  const used = new Set<Ignore>();
  const left = findings.filter((finding) => {
    const ignore = ignores.find((each) => each.reason !== '' && each.code === finding.code && isOf(finding.policy, each.policy));
    if (ignore !== undefined) used.add(ignore);
    return ignore === undefined;
  });
  const complaints = ignores.flatMap((ignore) => {
    const message = complaintOf(ignore, used.has(ignore), ran, known);
    return message === undefined ? [] : [{ ...invalidIgnore, ...ignore.complain(message) }];
  });
  return [...left, ...complaints.map(({ summary: _, ...finding }) => finding)];
}

function complaintOf({ code, reason }: Ignore, isUsed: boolean, ran: ReadonlySet<string>, known: ReadonlySet<string>): string | undefined {
  if (!known.has(code)) return `there is no rule ${code} to ignore`;
  if (reason === '') return `${code} is ignored without a reason: write \`${code} why\``;
  return isUsed || !ran.has(code) ? undefined : `there is no finding of ${code} here to ignore`;
}

const isOf = (policy: PolicyId | undefined, other: PolicyId): boolean =>
  policy !== undefined && policy.kind === other.kind && qualifiedName(policy) === qualifiedName(other);

function ignoresIn({ asked, originals, analysis: { cluster } }: LintContext): Ignore[] {
  const path = ['metadata', 'annotations', ignoreAnnotation];
  const ofPolicies = asked.flatMap((policy) =>
    entriesOf(policy.written.metadata?.annotations?.[ignoreAnnotation]).map((entry) => ({
      ...entry,
      policy: policy.id,
      complain: (message: string) => policy.remark(path, message),
    })),
  );
  const ofCluster = [...cluster.clusterPolicies.values()].flatMap(({ name, source }) =>
    entriesOf(originals.annotations.get(name)?.[ignoreAnnotation]).map((entry) => {
      const policy: PolicyId = { kind: 'ClusterNetworkPolicy', name };
      return { ...entry, policy, complain: (message: string): Remark => ({ message, policy, ...(source && { source }) }) };
    }),
  );
  return [...ofPolicies, ...ofCluster];
}

function entriesOf(text = ''): { readonly code: string; readonly reason: string }[] {
  return text
    .split(';')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [code = '', ...words] = entry.split(/\s+/);
      return { code, reason: words.join(' ') };
    });
}
