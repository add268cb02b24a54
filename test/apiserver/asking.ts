import { execFile } from 'node:child_process';
import { withNamespace } from '#dataplane/namespace.ts';
import type { NodeAgent } from './node-agent.ts';

/** What an agent answers. */
export interface Asked {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const program = `
const response = await fetch(process.argv[1], { method: process.argv[2] });
console.log(JSON.stringify({ status: response.status, type: response.headers.get('content-type'), body: await response.text() }));
`;

/** Asks the agent of a node, from the node. */
export function ask({ namespace }: NodeAgent, path: string, method = 'GET'): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const words = ['--input-type=module', '-e', program, `http://127.0.0.1:9470${path}`, method];
    withNamespace(namespace, () =>
      execFile(process.execPath, words, { maxBuffer: 1 << 26 }, (error, stdout) => {
        if (error) reject(error);
        else resolve(JSON.parse(stdout) as Asked);
      }),
    );
  });
}

/** The JSON that the agent answers. */
export const askJson = async <T>(agent: NodeAgent, path: string): Promise<T> => JSON.parse((await ask(agent, path)).body) as T;

/** The value of one series of the metrics; undefined where it is not there. */
export async function metric(agent: NodeAgent, series: string): Promise<number | undefined> {
  const { body } = await ask(agent, '/metrics');
  const line = body.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
