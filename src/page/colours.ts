/** The colours of the drawing, as the style sheet has them for the light and the dark scheme. */
export interface Colours {
  readonly paper: string;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly band: string;
  readonly mark: string;
  readonly denied: string;
  readonly deniedInk: string;
  readonly rule: string;
  readonly rulePale: string;
  readonly open: string;
  readonly openPale: string;
}

const names = ['paper', 'ink', 'faint', 'line', 'band', 'mark', 'denied', 'denied-ink', 'rule', 'rule-pale', 'open', 'open-pale'] as const;

/** The colours that hold now. */
export function coloursOf(root: Element): Colours {
  const style = getComputedStyle(root);
  const camel = (name: string): string => name.replace(/-(\w)/, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(names.map((name) => [camel(name), style.getPropertyValue(`--${name}`).trim()])) as unknown as Colours;
}
