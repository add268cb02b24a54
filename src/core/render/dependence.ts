import type { ChoiceName } from '../api/choices.ts';
import type { Dependence } from '../connectivity/dependence.ts';
import { mark } from './blocks.ts';
import { count } from './text.ts';

/** What a choice is about, in words. */
export const choiceText: Readonly<Record<ChoiceName, string>> = {
  'ipblock-pods': 'whether an ipBlock matches pods',
  'ipblock-nodes': 'whether an ipBlock matches nodes',
  hostnetwork: 'whether policies see hostNetwork pods as pods',
  'own-node-egress': 'whether a pod always reaches its own node',
  'service-hairpin': 'whether a pod always reaches itself through a Service',
  'terminal-pods': 'whether finished pods count',
  'named-port-with-ipblock': 'whether a named port counts for peers that an ipBlock matches',
  'duplicate-port-name': 'which ports a name means that two containers have',
  'sidecar-named-ports': 'whether the ports of sidecars have names',
  'baseline-skip': 'when the Baseline tier is asked',
  'cidr-host-bits': 'whether an ipBlock may have bits beyond its prefix',
  established: 'whether connections go on that policy no longer allows',
  'other-l4': 'what becomes of protocols other than TCP, UDP and SCTP',
  'unknown-fields': 'whether unknown fields are errors',
};

/** What of a matrix depends on the network plugin, and who does what: a sentence for each choice, and what to do about it. */
export function dependenceNotes(choices: readonly Dependence[]): string[] {
  if (choices.length === 0) return [];
  const notes = choices.map(({ choice, value, profiles, pairs, others }) => {
    const what = choiceText[choice];
    const here = `${value}${whoText(profiles)}, as here`;
    if (pairs !== undefined) {
      const elsewhere = others.map((other) => `${other.value}${whoText(other.profiles)} ${changesText(other)}`);
      return `${count(pairs, 'pair depends', 'pairs depend')} on ${what}: ${[here, ...elsewhere].join('; ')}`;
    }
    const values = [here, ...others.map((other) => other.value + whoText(other.profiles))];
    return `network plugins differ in ${what} (${values.join('; ')}); which of so many pairs depend on it was not worked out`;
  });
  return [...notes, `--profile answers for one network plugin (or ${choices.map(({ choice }) => `--set ${choice}`).join(', ')})`];
}

/** What the mark means, where something has it. */
export const markLegend = `${mark} depends on the network plugin`;

const whoText = (profiles: readonly string[]): string => (profiles.length === 0 ? '' : ` (${profiles.join(', ')})`);

function changesText({ opened = 0, closed = 0, changed = 0 }: Dependence['others'][number]): string {
  const parts = Object.entries({ opens: opened, closes: closed, changes: changed }).filter(([, number]) => number > 0);
  return parts.length === 0 ? 'changes none' : parts.map(([verb, number]) => `${verb} ${number}`).join(', ');
}
