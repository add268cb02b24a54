import { type Command, InvalidArgumentError, Option } from 'commander';
import { protocols } from '#core/net/protocol.ts';
import type { Flow } from '#core/verdict/check.ts';
import { flowOf, parsePort } from '#core/verdict/parse-flow.ts';
import { CannotAnswer } from './exit.ts';

/** The options that say which connection is meant. */
export interface ConnectionOptions {
  readonly from?: string;
  readonly to?: string;
  readonly port?: { readonly protocol?: string; readonly port: number };
  readonly protocol?: string;
  readonly family?: string;
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
