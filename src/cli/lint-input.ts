import type { Diagnostic } from '#core/api/diagnostic.ts';
import { LintContext } from '#core/lint/context.ts';
import { Originals } from '#core/lint/originals.ts';
import { readManifests } from '#manifest/read.ts';
import { addressed } from './addressed.ts';
import { analysed } from './analysed.ts';
import { checkPodCidr, filesOf, isLive, manifestOptions, note, noteSkipped } from './input.ts';
import { choicesOf, type InputOptions, settledBy } from './options.ts';
import { withProgress } from './progress.ts';

/** What is linted: the cluster, unless the input has errors, and what the door has to say. */
export interface LintInput {
  readonly diagnostics: readonly Diagnostic[];
  readonly context: LintContext | undefined;
}

/** Reads what the options name, errors and all: to find faults is what lint is for. */
export async function readForLint(options: InputOptions): Promise<LintInput> {
  checkPodCidr(options);
  const originals = new Originals();
  const { onObject, onForeign } = originals;
  const isComplete = isLive(options);
  const choices = choicesOf(options);
  const read = isComplete ? await readLive() : await readFiles();
  const { diagnostics } = read;
  if (diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics, context: undefined };
  const analysis = await analysed({ objects: read.objects, choices, settled: settledBy(options) });
  return {
    diagnostics,
    context: new LintContext(analysis, originals, { isComplete, hasDefaultNamespace: options.namespace !== undefined }),
  };

  async function readLive() {
    const { readLiveCluster } = await import('./live-cluster.ts');
    const live = await readLiveCluster(options, choices, { onObject });
    for (const text of live.notes) await note(text);
    return live;
  }

  async function readFiles() {
    const manifests = await withProgress('reading files', (report) =>
      readManifests(filesOf(options), { ...manifestOptions(options, report), onObject, onForeign }),
    );
    await noteSkipped(manifests);
    return { ...manifests, objects: addressed(manifests.objects, options.podCidr) };
  }
}
