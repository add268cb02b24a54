import { type ChoiceName, type Choices, choices as settings } from '../api/choices.ts';
import { protocols } from '../net/protocol.ts';
import { isFinished } from './address-space.ts';
import type { Analysis } from './analysis.ts';
import type { Endpoint } from './endpoint.ts';
import { type EndpointPair, judgePair } from './outcome.ts';

/** How sure a verdict is: `cni-dependent` where another legal choice of a network plugin gives another, `undefined` where nothing is specified. */
export interface Certainty {
  readonly certainty: 'defined' | 'undefined' | 'cni-dependent';
  /** The choices that decide, in the order of semantics.md section 10. */
  readonly choices: readonly ChoiceName[];
}

/** Whether a verdict holds whatever upstream leaves open: every choice that could matter here is put to the test. */
export function certaintyOf(analysis: Analysis, pair: EndpointPair, allowed: boolean): Certainty {
  if (!protocols.some((protocol) => protocol === pair.protocol)) return { certainty: 'undefined', choices: ['other-l4'] };
  const deciding = relevantChoices(analysis, pair).filter((name) =>
    alternatives(analysis.model.choices, name).some((choices) => {
      // The model depends on some choices and the judgement on the others; compiling anew is needed for the former only.
      const model = compiled.includes(name) ? analysis.under(choices) : analysis.model;
      return judgePair(model, pair, choices).every(({ verdict }) => verdict.allowed) !== allowed;
    }),
  );
  return { certainty: deciding.length > 0 ? 'cni-dependent' : 'defined', choices: deciding };
}

const compiled: readonly ChoiceName[] = ['hostnetwork', 'terminal-pods', 'duplicate-port-name', 'sidecar-named-ports', 'baseline-skip'];

function alternatives(choices: Choices, name: ChoiceName): Choices[] {
  return settings[name].filter((value) => value !== choices[name]).map((value) => ({ ...choices, [name]: value }));
}

function relevantChoices({ model }: Analysis, { from, to }: EndpointPair): ChoiceName[] {
  const pods = [from, to].flatMap(podsOf);
  const ports = podsOf(to).flatMap((pod) => pod.ports);
  const names = podsOf(to).map((pod) => pod.ports.filter((port) => port.name !== undefined).map((port) => `${port.protocol} ${port.name}`));
  return [
    ...(pods.some(({ hostNetwork }) => hostNetwork) ? (['hostnetwork'] as const) : []),
    'own-node-egress',
    'service-hairpin',
    ...(pods.some(isFinished) ? (['terminal-pods'] as const) : []),
    'named-port-with-ipblock',
    ...(names.some((list) => new Set(list).size < list.length) ? (['duplicate-port-name'] as const) : []),
    ...(ports.some(({ sidecar }) => sidecar) ? (['sidecar-named-ports'] as const) : []),
    ...([...model.policies.values()].some(({ tier }) => tier === 'Baseline') ? (['baseline-skip'] as const) : []),
  ];
}

const podsOf = ({ members }: Endpoint) => (members.kind === 'pods' ? members.pods : []);
