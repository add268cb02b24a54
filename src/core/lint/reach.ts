import type { Pod } from '../api/types.ts';
import type { Interval } from '../net/interval.ts';
import { protocols } from '../net/protocol.ts';
import type { CompiledRule, PodClass } from '../policy/model.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { addressesOfPod } from '../verdict/ends.ts';
import { type Party, partyAt, partyOf } from '../verdict/party.ts';
import { portsMeant } from '../verdict/rule-match.ts';
import { judge, type Verdict } from '../verdict/verdict.ts';

/** A protocol with a port. */
interface Target {
  readonly protocol: string;
  readonly port: number;
}

/** The verdict of a pod's connection to an address or another pod, in the first family that both have. Undefined where there is none. */
export function verdictOf({ model }: Analysis, from: Pod, to: Pod | string, { protocol, port }: Target): Verdict | undefined {
  const ends = typeof to === 'string' ? [partyAt(model, to)] : addressesOfPod(model, to).map((address) => partyOf(model, to, address));
  const starts = addressesOfPod(model, from).map((address) => partyOf(model, from, address));
  for (const end of ends) {
    const start: Party | undefined = starts.find(({ ip }) => ip.family === end.ip.family);
    if (start !== undefined) return judge(model, { from: start, to: end, protocol, port });
  }
  return undefined;
}

/** Any member of the class. */
export function memberOf({ members }: PodClass): Pod {
  const [pod] = members.values();
  return pod!;
}

/**
 * The ports that stand for all that a rule lets through to a destination: where an interval of the rule, or of the rules on the other side,
 * begins, and behind those of rules that deny or pass on. From one such port to the next the other side says the same.
 */
export function telling(rule: CompiledRule, others: readonly CompiledRule[], destination: PodClass): Target[] {
  return protocols.flatMap((protocol) => {
    const own = intervalsOf(rule, protocol, destination);
    const starts = [rule, ...others].flatMap((each) =>
      intervalsOf(each, protocol, destination).flatMap(([first, last]) => (each.action === 'accept' ? [first] : [first, last + 1])),
    );
    const inside = [...new Set(starts)].filter((port) => own.some(([first, last]) => first <= port && port <= last));
    return inside.map((port) => ({ protocol, port }));
  });
}

function intervalsOf({ ports }: CompiledRule, protocol: string, { ports: declared }: PodClass): readonly Interval<number>[] {
  if (ports === undefined) return [[1, 65535]];
  return ports.filter((port) => port.protocol === protocol).flatMap((port) => portsMeant(port, declared));
}
