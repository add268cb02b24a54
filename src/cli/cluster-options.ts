import { type Command, Option } from 'commander';
import type { KubeOptions } from '#kube/target.ts';
import { collect } from './options.ts';

/** The flags of kubectl that say which cluster is meant, and as whom it is read. Source: `kubectl options`. */
const flags: readonly (readonly [flags: string, description: string])[] = [
  ['--kubeconfig <file>', 'the kubeconfig (default: KUBECONFIG, or ~/.kube/config)'],
  ['--context <name>', 'the context of the kubeconfig'],
  ['--cluster <name>', 'the cluster of the kubeconfig'],
  ['--user <name>', 'the user of the kubeconfig'],
  ['-s, --server <url>', 'the API server'],
  ['--token <token>', 'a bearer token to go by'],
  ['--as <user>', 'read as this user'],
  ['--as-group <group>', 'and as one of this group; may be repeated'],
  ['--as-uid <uid>', 'and with this uid'],
  ['--certificate-authority <file>', 'who is trusted to sign for the API server'],
  ['--client-certificate <file>', 'a certificate to go by'],
  ['--client-key <file>', 'its key'],
  ['--tls-server-name <name>', "the name that the server's certificate has"],
  ['--insecure-skip-tls-verify', 'trust any certificate, and so anybody'],
  ['--request-timeout <time>', 'how long one request may take: 10s, 2m (default: as long as it takes)'],
];

/** Adds the flags that name a cluster, under a heading of their own. */
export function addClusterOptions(command: Command, heading = 'Cluster options (without -f a cluster is read):'): Command {
  for (const [flag, description] of flags) {
    const option = new Option(flag, description).helpGroup(heading);
    command.addOption(flag.startsWith('--as-group') ? option.argParser(collect) : option);
  }
  return command;
}

/** The first flag that names a cluster, if one does. */
export function clusterFlagIn(options: KubeOptions): string | undefined {
  return flags.map(([flag]) => new Option(flag)).find((option) => option.attributeName() in options)?.long;
}
