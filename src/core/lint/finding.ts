import type { Source } from '../api/diagnostic.ts';
import type { PolicyId } from '../api/types.ts';

/** How bad a finding is, worst first. */
export const severities = ['error', 'warning', 'note'] as const;
export type Severity = (typeof severities)[number];

/** Another place that a finding speaks of. */
export interface Related {
  readonly message: string;
  readonly source: Source;
}

/** One edit of a line: the text `find` on the line of `source` becomes `replace`. Sure: it says what was meant, and nothing else. */
export interface LineEdit {
  readonly source: Source;
  readonly find: string;
  readonly replace: string;
}

/** What a rule has to say of one thing. */
export interface Remark {
  /** One sentence without a final period: what is so, and what follows of it. */
  readonly message: string;
  /** Less than the rule's own, where a case is less sure or less bad. */
  readonly severity?: Severity;
  readonly policy?: PolicyId;
  readonly source?: Source;
  readonly related?: readonly Related[];
  readonly fix?: LineEdit;
}

/** One finding, as answers have it. */
export interface Finding extends Remark {
  /** The rule's code: its page is `docs/lint/<code>.md`. */
  readonly code: string;
  readonly severity: Severity;
}
