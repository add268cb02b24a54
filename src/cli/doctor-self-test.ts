import { defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject, Pod } from '#core/api/types.ts';
import { type Examined, examined, type Opinion, problem, skipped } from '#core/enforcement/examination.ts';
import { selector } from '#core/label/selector.ts';
import { MissingNeed } from '#dataplane/need.ts';
import { Lab } from '#lab/lab.ts';
import { Session } from '#lab/session.ts';

/** A pod of the self-test. Its addresses are in namespaces of its own, which end with it. */
const pod = (name: string, number: number): Pod => ({
  kind: 'Pod',
  namespace: 'self-test',
  name,
  labels: { app: name },
  addresses: [`192.0.2.${number}`, `2001:db8::${number}`],
  assumedAddress: false,
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [{ protocol: 'TCP', port: 8080 }],
  node: 'here',
});

const isApp = (name: string) => selector([{ key: 'app', operator: 'In', values: [name] }]);

/** A server that its client may reach, and a stranger that may not. */
const objects: readonly KubernetesObject[] = [
  { kind: 'Namespace', name: 'self-test', labels: {}, terminating: false },
  { kind: 'Node', name: 'here', labels: {}, addresses: [], podCidrs: [] },
  pod('server', 1),
  pod('client', 2),
  pod('stranger', 3),
  {
    kind: 'NetworkPolicy',
    namespace: 'self-test',
    name: 'only-the-client',
    subject: isApp('server'),
    ingress: [{ peers: [{ kind: 'pods', pods: isApp('client') }] }],
  },
];

/** Enforces a policy between namespaces that are made for it, and tries with packets whether it is. Nothing of it is left. */
export async function selfTest(): Promise<Examined> {
  const check = 'self-test';
  try {
    return examined(check, await tryPolicy());
  } catch (error) {
    const lacks = reasonOf(error);
    if (lacks === undefined) throw error;
    return skipped(check, lacks);
  }
}

/** What is missing for it, if that is why it failed. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof MissingNeed)
    return error.need === 'root' ? `${error.message}; an agent's pod has no such right: ${elsewhere}` : error.message;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && syscall?.startsWith('spawn ip') ? 'ip is not here: apt install iproute2' : undefined;
}

const elsewhere = 'run it on the node, or with kubectl debug node/NAME --profile=sysadmin --image=IMAGE -- sallyport doctor';

async function tryPolicy(): Promise<Opinion> {
  const lab = await Lab.create(objects, { choices: [] });
  try {
    const session = new Session(lab, { choices: defaultChoices });
    const applied = await session.begin();
    const report = 'error' in applied ? applied : await session.report();
    if ('error' in report) throw new Error(report.error);
    const failures = 'error' in applied ? [] : [...applied.values()].flatMap((each) => each?.failures ?? []);
    const wrong = report.flows.filter(({ match }) => !match);
    const count = (observed: string): number => report.flows.filter((flow) => flow.observed === observed).length;
    return {
      summary: `${count('allow')} connections passed, ${count('deny')} did not`,
      hindrances: [
        ...failures.map(({ message }) => problem(`the kernel could not be programmed: ${message}`, please)),
        ...wrong
          .slice(0, 3)
          .map(({ from, to, protocol, port, verdict, observed, detail }) =>
            problem(
              `${from.id} → ${to.id} ${protocol}/${port} should be ${verdict}, packets say ${observed}${detail ? `: ${detail}` : ''}`,
              please,
            ),
          ),
      ],
    };
  } finally {
    await lab.close();
  }
}

const please = 'look at the other findings first; without any, please report it with the output of sallyport doctor -o json';
