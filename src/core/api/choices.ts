/**
 * What upstream leaves open, each a named option with the default of semantics.md section 10, and what is demanded but known to be done
 * otherwise: whether an ipBlock matches the addresses of pods and of nodes. The user changes one with `--set name=value`.
 */
export const choices = {
  'ipblock-pods': ['match', 'ignore'],
  'ipblock-nodes': ['match', 'ignore'],
  hostnetwork: ['node', 'as-pods'],
  'own-node-egress': ['always-allow', 'policy'],
  'service-hairpin': ['allow', 'policy'],
  'terminal-pods': ['ignored', 'counted'],
  'cidr-host-bits': ['mask', 'reject'],
  'named-port-with-ipblock': ['resolve-on-pod', 'never'],
  'duplicate-port-name': ['any', 'first'],
  'sidecar-named-ports': ['yes', 'no'],
  'baseline-skip': ['per-direction', 'any-direction'],
  established: ['cut', 'keep'],
  'other-l4': ['peer-only', 'allow', 'deny'],
  'unknown-fields': ['error', 'warn'],
} as const;

/** The name of a choice. */
export type ChoiceName = keyof typeof choices;

/** A value for every choice. */
export type Choices = { readonly [Name in ChoiceName]: (typeof choices)[Name][number] };

/** The defaults: the first value of each. */
export const defaultChoices: Choices = Object.fromEntries(Object.entries(choices).map(([name, values]) => [name, values[0]])) as Choices;

/** Reads `name=value` texts over the given choices; an unknown name or value is an error text. */
export function parseChoices(settings: readonly string[], base: Choices = defaultChoices): Choices | { readonly error: string } {
  const result: Record<string, string> = { ...base };
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=', 2);
    const values: readonly string[] | undefined = Object.hasOwn(choices, name) ? choices[name as ChoiceName] : undefined;
    if (values === undefined) return { error: `unknown choice \`${name}\`: supported are ${Object.keys(choices).join(', ')}` };
    if (!values.includes(value)) return { error: `unknown value \`${value}\` of choice \`${name}\`: supported are ${values.join(', ')}` };
    result[name] = value;
  }
  return result as Choices;
}
