import { defaultDropLog } from '#core/ruleset/frame.ts';
import { comparePairs } from '../compare.ts';
import { type Section, Skipped } from '../report.ts';
import { tableWith } from './policies.ts';
import { Wire } from './wire.ts';

const flows = [
  { name: 'new TCP connections', receiving: 'accept', bar: 0.95 },
  { name: 'bulk TCP', receiving: 'sink', bar: 0.97 },
  { name: 'UDP packets of 64 bytes', receiving: 'receive', bar: 0.97 },
] as const;

const styles = [
  { name: 'generation marks', options: {} },
  { name: 'every packet judged', options: { markMask: 0 } },
  { name: 'established accepted first', options: { markMask: 0, choices: { established: 'keep' } } },
] as const;

/** What a node's policy costs the traffic of its pods: with policy over without, one after the other in the same namespaces. */
export const throughput: Section = {
  title: 'traffic between two pods of a node with 100 pods, with policy over without (needs root)',
  measure: async (report) => {
    if (process.getuid?.() !== 0) throw new Skipped('needs root');
    const wire = new Wire();
    try {
      const compare = (script: string, baseline: string, receiving: (typeof flows)[number]['receiving']) => {
        const under = async (table: string): Promise<number> => {
          await wire.load(table);
          return wire.measure(receiving);
        };
        return comparePairs(
          () => under(script),
          () => under(baseline),
        );
      };
      for (const { name, receiving, bar } of flows)
        for (const count of [10, 1000, 10_000])
          report({
            name: `${name}, ${count} policies`,
            unit: 'ratio',
            estimate: await compare(tableWith(count), '', receiving),
            bar: { atLeast: bar },
          });
      report({
        name: 'new TCP connections, 10,000 policies over 10 policies',
        unit: 'ratio',
        estimate: await compare(tableWith(10_000), tableWith(10), 'accept'),
        bar: { atLeast: 0.97 },
      });
      for (const { name, options } of styles)
        for (const { name: flow, receiving } of flows)
          report({
            name: `${flow}, 1000 policies, ${name}`,
            unit: 'ratio',
            estimate: await compare(tableWith(1000, options), '', receiving),
          });
      for (const { name: flow, receiving, bar } of flows)
        report({
          name: `${flow}, 1000 policies, what is denied being logged over not`,
          unit: 'ratio',
          estimate: await compare(tableWith(1000, { dropLog: defaultDropLog }), tableWith(1000), receiving),
          bar: { atLeast: bar },
        });
    } finally {
      wire.close();
    }
  },
};
