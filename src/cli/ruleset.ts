import type { Command } from 'commander';
import { differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { rulesetJson } from '#core/render/ruleset.ts';
import { defaultDropLog, defaultMarkMask } from '#core/ruleset/frame.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { printTable } from '#core/ruleset/print.ts';
import { topologyOf } from '#lab/topology.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { readEnforceable } from './input.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import { isMuch, withProgress } from './progress.ts';
import { stdout } from './terminal.ts';

interface Options extends InputOptions {
  readonly node: string;
  readonly output: 'text' | 'json';
}

/** `sallyport ruleset`. */
export function define(command: Command): void {
  command
    .description(
      'Prints the nftables script that a node gets: the policies that select its pods, and the sets those refer to. Nothing is changed here; ' +
        'the script can be loaded with `nft -f`.\n\nPods without a node are placed as the lab places them, on node-1 and node-2 where the manifests hold no nodes.',
    )
    .usage('[-f <path>...] --node <name> [options]')
    .requiredOption('--node <name>', 'the node');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport ruleset -f manifests/ --node node-1',
    'sallyport ruleset -f manifests/ --node worker-a -o json',
    'sallyport ruleset --context staging --node worker-a',
  ]);
  command.action(answering(printRuleset));
}

async function printRuleset({ output, ...input }: Options): Promise<ExitCode> {
  const { node } = input;
  const { objects, choices } = await readEnforceable(input);
  const { cluster, nodes } = topologyOf(objects);
  if (!nodes.has(node)) throw new CannotAnswer(`there is no node ${node}; there are: ${[...nodes.keys()].join(', ')}`);
  const model = new PolicyModel(choices);
  const options = { choices, markMask: defaultMarkMask, witness: false, holdBack: true, dropLog: defaultDropLog };
  const ruleset = new NodeRuleset(model, node, options);
  await withProgress('compiling the policies', async (report) => {
    report('compiling the policies', isMuch(objects));
    const delta = model.update(differenceOf(emptyCluster, cluster));
    report('writing the rules', isMuch(objects));
    ruleset.update(delta);
  });
  if (output === 'json') await stdout.print(rulesetJson(node, ruleset.objects()));
  else await stdout.write(printTable(ruleset.objects()));
  return 0;
}
