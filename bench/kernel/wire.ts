import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';

/** The addresses of the two pods at the ends. */
export const client = '10.244.0.1';
export const server = '10.244.0.2';

/** What stands on every node whatever its policy: connection tracking, as kube-proxy's address translation needs it. */
const proxyLike = 'table ip nat { chain postrouting { type nat hook postrouting priority 100; ip saddr 198.51.100.1 masquerade; }; }';

/** A node with two pods, routed: three network namespaces, gone when closed. */
export class Wire {
  readonly node = createNamespace();
  readonly #pods = { [client]: createNamespace(), [server]: createNamespace() };

  constructor() {
    this.#run(this.node, 'link set lo up');
    for (const [address, namespace] of Object.entries(this.#pods)) {
      const name = address === client ? 'vetha' : 'vethb';
      this.#run(this.node, `link add ${name} type veth peer name eth0 netns /proc/${process.pid}/fd/${namespace}`);
      this.#run(this.node, `link set ${name} up`, `address add 169.254.1.1/32 dev ${name}`, `route add ${address}/32 dev ${name}`);
      this.#run(
        namespace,
        'link set lo up',
        'link set eth0 up',
        `address add ${address}/32 dev eth0`,
        'route add 169.254.1.1 dev eth0',
        'route add default via 169.254.1.1',
      );
    }
    withNamespace(this.node, () => spawnSync('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.netfilter.nf_conntrack_max=1000000']));
    withNamespace(this.#pods[client], () => spawnSync('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=1024 65000']));
  }

  #run(namespace: number, ...commands: string[]): void {
    const input = `${commands.join('\n')}\n`;
    const { status, stderr } = withNamespace(namespace, () => spawnSync('ip', ['-batch', '-'], { input, encoding: 'utf8' }));
    if (status !== 0) throw new Error(`ip: ${stderr}`);
  }

  /** Gives the node the policy of a script, none for the empty one. */
  async load(script: string): Promise<void> {
    await runNft({ namespace: this.node }, ['-f', '-'], `flush ruleset\n${proxyLike}\n${script}`);
  }

  /** Sends from the client to the server for some seconds. Returns what arrived each second: connections, bytes or packets. */
  async measure(receiving: 'accept' | 'sink' | 'receive', seconds = 0.7): Promise<number> {
    const sending = { accept: 'connect', sink: 'source', receive: 'send' } as const;
    const to = this.#start(server, receiving, seconds + 0.3);
    await to.ready;
    const from = this.#start(client, sending[receiving], seconds);
    await from.result;
    return (await to.result) / seconds;
  }

  #start(at: typeof client | typeof server, mode: string, seconds: number): { ready: Promise<void>; result: Promise<number> } {
    const program = new URL('traffic.ts', import.meta.url).pathname;
    const child: ChildProcess = withNamespace(this.#pods[at], () =>
      spawn(process.execPath, [program, mode, server, '8080', String(seconds)], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    const ready = Promise.withResolvers<void>();
    const result = Promise.withResolvers<number>();
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.startsWith('ready')) ready.resolve();
    });
    child.on('close', (code) => {
      const last = Number(output.trim().split('\n').at(-1));
      if (code === 0) result.resolve(last);
      else result.reject(new Error(`traffic ${mode} ended with ${code}`));
    });
    return { ready: ready.promise, result: result.promise };
  }

  close(): void {
    for (const namespace of [this.node, ...Object.values(this.#pods)]) closeSync(namespace);
  }
}
