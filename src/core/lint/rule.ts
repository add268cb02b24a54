import type { LintContext } from './context.ts';
import type { Remark, Severity } from './finding.ts';

/** What is known of a rule without running it. */
export interface RuleTitle {
  /** Stable, in kebab case. */
  readonly code: string;
  /** The severity of its findings, unless a finding is less. */
  readonly severity: Severity;
  /** One line. */
  readonly summary: string;
  /** Runs only where it is asked for: a matter of taste. */
  readonly isOptional?: true;
}

/** One rule. */
export interface LintRule extends RuleTitle {
  check(context: LintContext): Iterable<Remark>;
}
