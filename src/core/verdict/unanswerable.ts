/** A question that has no answer, and why; one line, lower case, no final period. */
export interface Unanswerable {
  readonly error: string;
}

export const isUnanswerable = (value: object): value is Unanswerable => 'error' in value;
