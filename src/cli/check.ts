import type { Command } from 'commander';
import { type Advice, adviseOn } from '#core/advise/advise.ts';
import type { PolicyId } from '#core/api/types.ts';
import { qualifiedName } from '#core/api/types.ts';
import { type AdviceStyle, renderAdvice } from '#core/render/advice.ts';
import { renderCheck } from '#core/render/check.ts';
import { renderFlows } from '#core/render/flows.ts';
import { renderIndentedJson, renderJson } from '#core/render/json.ts';
import type { Style } from '#core/render/palette.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { type CheckAnswer, checkConnection } from '#core/verdict/answer.ts';
import type { Flow } from '#core/verdict/check.ts';
import { writeYaml } from '#manifest/write-yaml.ts';
import { analysed } from './analysed.ts';
import { addClusterOptions } from './cluster-options.ts';
import { addConnectionOptions, type ConnectionOptions, connectionOf } from './connection-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { readFlows } from './flows.ts';
import { checkStandardInput, isLive, readInput } from './input.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import { stdout } from './terminal.ts';

interface Options extends ConnectionOptions, InputOptions {
  readonly flows?: string;
  readonly advice?: boolean;
  readonly output: 'text' | 'json';
}

/** `sallyport check`. */
export function define(command: Command): void {
  command
    .description(
      'Says whether a connection is allowed, and why: what both gates say, the egress of its source and the ingress of its destination, ' +
        'by which policies and rules, which rules nearly matched, and the smallest edit that would make it otherwise.\n\nExit code 0: allowed; 1: denied (with --flows: any is denied); 2: no answer.',
    )
    .usage('[-f <path>...] (--from <endpoint> --to <endpoint> --port <port> | --flows <file>) [options]');
  addConnectionOptions(command);
  command.option('--flows <file>', 'a list of {from, to, protocol, port, family} as JSON, JSON lines, YAML or CSV; - for standard input');
  command.option('--advice', 'look for the edit that would allow or deny it; for a live cluster this reads all of it');
  command.option('--no-advice', 'do not look for it, as for a live cluster by default');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport check -f manifests/ --from shop/client --to shop/deployment/web --port 8080',
    'sallyport check -f manifests/ --from internet --to shop/service/web --port 443',
    'sallyport check -f manifests/ --from shop/client --to 10.0.0.10 --port UDP/53 -o json',
    'sallyport check -f manifests/ --flows flows.yaml',
    'sallyport check --context staging --from shop/client --to shop/web --port 8080',
  ]);
  command.action(answering(check));
}

function check(options: Options): Promise<ExitCode> {
  return options.flows === undefined ? checkOne(options) : checkList(options, options.flows);
}

async function checkOne(options: Options): Promise<ExitCode> {
  const flow = connectionOf(options);
  // What an edit changes elsewhere only the whole cluster tells.
  const { advice: isAdvised = !isLive(options) } = options;
  const analysis = await analysisOf(options, isAdvised ? undefined : [flow]);
  const answer = answerTo(analysis, flow);
  const advice = isAdvised ? adviceOn(analysis, flow) : undefined;
  if (options.output === 'json') await stdout.print(renderIndentedJson({ ...answer, ...(advice && { advice }) }));
  else {
    const sourceOf = (policy: PolicyId) => analysis.model.policies.get(qualifiedName(policy))?.source;
    await stdout.print(renderAnswer(answer, advice, { sourceOf, yamlOf: writeYaml }));
  }
  return answer.allowed ? 0 : 1;
}

async function checkList(options: Options, file: string): Promise<ExitCode> {
  const { from, to, port, output } = options;
  if (from !== undefined || to !== undefined || port !== undefined)
    throw new CannotAnswer('--flows says what to check: give either it or --from, --to and --port');
  checkStandardInput(options);
  const { flows, placeOf } = await readFlows(file);
  const analysis = await analysisOf(options, flows);
  const answers = flows.map((flow, index) => answerTo(analysis, flow, () => placeOf(index)));
  await stdout.print(output === 'json' ? renderJson(answers) : renderFlows(answers, stdout.style));
  return answers.every(({ allowed }) => allowed) ? 0 : 1;
}

function* renderAnswer(answer: CheckAnswer, advice: Advice | undefined, writers: Omit<AdviceStyle, keyof Style>): Iterable<string> {
  const style = { ...stdout.style, ...writers };
  yield* renderCheck(answer, style);
  if (advice !== undefined) yield* renderAdvice(advice, style);
}

function adviceOn(analysis: Analysis, flow: Flow): Advice {
  const tried = adviseOn(analysis, flow);
  if ('error' in tried) throw new CannotAnswer(tried.error);
  return tried.advice;
}

async function analysisOf(options: InputOptions, flows: readonly Flow[] | undefined): Promise<Analysis> {
  const { objects, choices, settled } = await readInput(options, flows);
  return analysed({ objects, choices, settled });
}

function answerTo(analysis: Analysis, flow: Flow, placeOf?: () => string): CheckAnswer {
  const answer = checkConnection(analysis, flow);
  if ('error' in answer) throw new CannotAnswer(`${placeOf === undefined ? '' : `${placeOf()}: `}${answer.error}`);
  return answer;
}
