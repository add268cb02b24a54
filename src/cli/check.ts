import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PolicyId } from '#core/api/types.ts';
import { qualifiedName } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { protocols } from '#core/net/protocol.ts';
import { renderCheck } from '#core/render/check.ts';
import { renderFlows } from '#core/render/flows.ts';
import { renderIndentedJson, renderJson } from '#core/render/json.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { type CheckAnswer, checkConnection } from '#core/verdict/answer.ts';
import type { Flow } from '#core/verdict/check.ts';
import { flowOf, parsePort } from './connection.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { entryName, readFlows } from './flows.ts';
import { readInput } from './input.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import { stdout } from './terminal.ts';

interface Options extends ConnectionOptions, InputOptions {
  readonly flows?: string;
  readonly output: 'text' | 'json';
}

/** The options that say which connection is meant. */
export interface ConnectionOptions {
  readonly from?: string;
  readonly to?: string;
  readonly port?: { readonly protocol?: string; readonly port: number };
  readonly protocol?: string;
  readonly family?: string;
}

/** `sallyport check`. */
export function define(command: Command): void {
  command
    .description(
      'Says whether a connection is allowed, and why: what both gates say, the egress of its source and the ingress of its destination, ' +
        'by which policies and rules, and which rules nearly matched.\n\nExit code 0: allowed; 1: denied (with --flows: any is denied); 2: no answer.',
    )
    .usage('-f <path>... (--from <endpoint> --to <endpoint> --port <port> | --flows <file>) [options]');
  addConnectionOptions(command);
  command.option('--flows <file>', 'a list of {from, to, protocol, port, family} as JSON, JSON lines or YAML; - for standard input');
  addInputOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport check -f manifests/ --from shop/client --to shop/deployment/web --port 8080',
    'sallyport check -f manifests/ --from internet --to shop/service/web --port 443',
    'sallyport check -f manifests/ --from shop/client --to 10.0.0.10 --port UDP/53 -o json',
    'sallyport check -f manifests/ --flows flows.yaml',
  ]);
  command.action(answering(check));
}

/** Adds `--from`, `--to`, `--port`, `--protocol` and `--family`. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('--from <endpoint>', 'who opens it: namespace/pod, namespace/kind/name, an address, a CIDR, node:NAME, internet, apiserver')
    .option('--to <endpoint>', 'to whom; also namespace/service/name')
    .addOption(
      new Option('--port <port>', 'the destination port: 8080, TCP/8080, UDP/53').argParser((text) => {
        const port = parsePort(text);
        if (port === undefined) throw new InvalidArgumentError('It must be a number, or a protocol and a number: 8080, UDP/53.');
        return port;
      }),
    )
    .addOption(new Option('--protocol <protocol>', `${protocols.join(', ')}, in any case (default: TCP)`))
    .addOption(
      new Option('--family <family>', 'the IP version (default: that of an end which is an address, else of the first address)').choices([
        '4',
        '6',
      ]),
    );
}

/** The flow that the options say. */
export function connectionOf({ from, to, port, protocol, family }: ConnectionOptions): Flow {
  if (port?.protocol !== undefined && protocol !== undefined && port.protocol.toUpperCase() !== protocol.toUpperCase())
    throw new CannotAnswer(`--port says ${port.protocol}, --protocol says ${protocol}`);
  const missing = Object.entries({ from, to }).find(([, value]) => value === undefined)?.[0];
  if (missing !== undefined) throw new CannotAnswer(`--${missing} is missing`, whatIsAsked);
  const flow = flowOf({ from, to, protocol: port?.protocol ?? protocol, port: port?.port, family: family && Number(family) });
  if (!('message' in flow)) return flow;
  if (flow.field === 'port' && port === undefined) throw new CannotAnswer('--port is missing', whatIsAsked);
  throw new CannotAnswer(`--${flow.field}: ${flow.message}`);
}

const whatIsAsked = 'a connection is asked about by --from, --to and --port, a list of them by --flows';

async function check(options: Options): Promise<ExitCode> {
  const { flows, from, to, port, output } = options;
  if (flows === undefined) {
    const flow = connectionOf(options);
    const analysis = await analysisOf(options);
    const answer = answerTo(analysis, flow);
    const sourceOf = (policy: PolicyId) => analysis.model.policies.get(qualifiedName(policy))?.source;
    await stdout.print(output === 'json' ? renderIndentedJson(answer) : renderCheck(answer, { ...stdout.style, sourceOf }));
    return answer.allowed ? 0 : 1;
  }
  if (from !== undefined || to !== undefined || port !== undefined)
    throw new CannotAnswer('--flows says what to check: give either it or --from, --to and --port');
  if (flows === '-' && options.filename?.includes('-'))
    throw new CannotAnswer('standard input can be read once: -f - or --flows -, not both');
  const list = await readFlows(flows);
  const analysis = await analysisOf(options);
  const answers = list.map((flow, index) => answerTo(analysis, flow, `${flows === '-' ? '<stdin>' : flows}: ${entryName(index)}: `));
  await stdout.print(output === 'json' ? renderJson(answers) : renderFlows(answers, stdout.style));
  return answers.every(({ allowed }) => allowed) ? 0 : 1;
}

async function analysisOf(options: InputOptions): Promise<Analysis> {
  const { objects, choices } = await readInput(options);
  return new Analysis(clusterOf(objects), choices);
}

function answerTo(analysis: Analysis, flow: Flow, place = ''): CheckAnswer {
  const answer = checkConnection(analysis, flow);
  if ('error' in answer) throw new CannotAnswer(place + answer.error);
  return answer;
}
