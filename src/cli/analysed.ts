import type { Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { expectLongWork } from './long-work.ts';
import { isMuch, withProgress } from './progress.ts';

/** What was read. */
interface Read {
  readonly objects: readonly KubernetesObject[];
  readonly choices: Choices;
  readonly settled?: Analysis['settled'];
}

/** What was read with its policies compiled, ready to be asked. Of a large cluster that takes seconds. */
export const analysed = ({ objects, choices, settled }: Read): Promise<Analysis> =>
  withProgress('compiling the policies', async (report) => {
    const isLong = isMuch(objects);
    if (isLong) expectLongWork();
    report('compiling the policies', isLong);
    return new Analysis(clusterOf(objects), choices, settled);
  });
