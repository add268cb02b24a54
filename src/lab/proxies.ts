import { runNft } from '#dataplane/nft-process.ts';
import { nodePlace } from './links.ts';
import type { Network } from './network.ts';
import { proxyScript, routesOf } from './services.ts';
import type { Topology } from './topology.ts';

/** Translation of Service addresses on all nodes. */
export class Proxies {
  readonly #network: Network;
  /** The script that each namespace has seen last, by its descriptor. */
  #scripts = new Map<number, string>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Makes the Services of the topology reachable. Nodes whose translations stay the same are left alone. */
  async apply(topology: Topology): Promise<void> {
    if (routesOf(topology).length === 0 && this.#scripts.size === 0) return;
    const before = this.#scripts;
    const nodes = [...topology.nodes.keys()];
    this.#scripts = new Map(nodes.map((node) => [this.#network.namespaceOf(nodePlace(node))!, proxyScript(topology, node)]));
    const changed = [...this.#scripts].filter(([namespace, script]) => before.get(namespace) !== script);
    await Promise.all(changed.map(([namespace, script]) => runNft({ namespace }, ['-f', '-'], script)));
  }
}
