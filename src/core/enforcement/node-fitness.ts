import { type Opinion, problem, warning } from './examination.ts';
import { type NodeFacts, some, versionIn } from './surroundings.ts';

/** The oldest kernel that is a safe guess. */
const oldest = [5, 4] as const;

/** Whether an agent can run on every node: Linux, and new enough. */
export function nodeFitness(nodes: readonly NodeFacts[]): Opinion {
  const foreign = nodes.filter(({ system }) => system !== '' && system !== 'linux');
  const old = nodes.filter(isOld);
  const silent = nodes.filter((node) => !foreign.includes(node) && versionIn(node.kernel) === undefined);
  const kernels = new Set(nodes.flatMap(({ kernel }) => (kernel === '' ? [] : [kernel])));
  const named = (found: readonly NodeFacts[], say: (node: NodeFacts) => string): string => some(found.map(say));
  return {
    summary: `${nodes.length} node${nodes.length === 1 ? '' : 's'}${kernels.size === 0 ? '' : `, kernel ${some([...kernels])}`}`,
    hindrances: [
      ...(foreign.length === 0
        ? []
        : [
            problem(
              `no agent can run on ${named(foreign, ({ name, system }) => `${name} (${system})`)}: nothing is enforced for the pods there`,
              'keep pods that policies select on Linux nodes: nodeSelector kubernetes.io/os=linux, or a taint on the others',
            ),
          ]),
      ...(old.length === 0
        ? []
        : [
            warning(
              `the kernel is older than ${oldest.join('.')} on ${named(old, ({ name, kernel }) => `${name} (${kernel})`)}: it may not take what a ruleset is made of`,
              'sallyport doctor on that node says it for sure',
            ),
          ]),
      ...(silent.length === 0
        ? []
        : [
            warning(
              `which kernel they have is not known of ${named(silent, ({ name }) => name)}`,
              'kubelet has not said it: kubectl describe node; sallyport doctor on that node says whether its kernel will do',
            ),
          ]),
    ],
  };
}

function isOld({ system, kernel }: NodeFacts): boolean {
  const [major, minor] = versionIn(kernel) ?? oldest;
  return (system === 'linux' || system === '') && (major < oldest[0] || (major === oldest[0] && minor < oldest[1]));
}
