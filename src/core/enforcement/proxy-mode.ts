import { type Hindrance, type Opinion, warning } from './examination.ts';
import { imageParts, some, versionIn, type Workload, workloadId } from './surroundings.ts';

/** How many minor versions kube-proxy may be older than the API server. Source: the version skew policy of Kubernetes. */
const mostBehind = 3;

/** How kube-proxy balances, and in which version: `configs` are the files of its ConfigMaps. A text says why that is not known. */
export function proxyMode(workloads: readonly Workload[], configs: readonly string[], server: string): Opinion | string {
  const proxies = workloads.filter(isProxy);
  if (proxies.length === 0 && configs.length === 0)
    return 'no DaemonSet and no ConfigMap of it: it is part of something else, or there is none; sallyport doctor on a node sees its rules';
  const modes = [...new Set(modesOf(proxies, configs))];
  const versions = [
    ...new Set(proxies.flatMap(({ containers }) => containers.filter(isOfProxy).map(({ image }) => imageParts(image).tag))),
  ];
  const hindrances: Hindrance[] = [];
  if (modes.includes('ipvs'))
    hindrances.push(warning('kube-proxy balances with IPVS, with which Sallyport has not been tried', ipvsRemedy));
  if (modes.length > 1)
    hindrances.push(
      warning(
        `kube-proxy is told to work in several modes (${modes.join(', ')})`,
        `one mode for all nodes, and kube-proxy --cleanup where it changes; they are in ${some(proxies.map(workloadId)) || 'ConfigMaps of kube-system'}`,
      ),
    );
  hindrances.push(...versions.flatMap((version) => skewOf(version, server)));
  return { summary: `mode ${modes.join(' and ')}${versions.length === 0 ? '' : `, ${versions.join(' and ')}`}`, hindrances };
}

const ipvsRemedy = 'use mode nftables or iptables; Kubernetes means to drop IPVS';

const isOfProxy = ({ image }: { readonly image: string }): boolean => /^kube-proxy(-|$)/.test(imageParts(image).name);

/** One for Windows balances otherwise, where nothing is enforced anyway. */
const isProxy = ({ name, containers }: Workload): boolean => !name.includes('windows') && containers.some(isOfProxy);

/** Its arguments come before its file, and without either it is iptables. Source: KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1. */
function modesOf(proxies: readonly Workload[], configs: readonly string[]): string[] {
  const byWords = proxies.flatMap(({ containers }) =>
    containers.flatMap(({ words }) => words.flatMap((word) => /^--proxy-mode=(\w+)$/.exec(word)?.[1] ?? [])),
  );
  const byFile = configs.map((text) => /^["']?mode["']?:\s*["']?(\w*)/m.exec(text)?.[1]).map((mode) => mode || 'iptables');
  return byWords.length > 0 ? byWords : byFile.length > 0 ? byFile : ['iptables'];
}

function skewOf(version: string, server: string): Hindrance[] {
  const [[, mine = 0] = [], [, its = 0] = []] = [versionIn(version), versionIn(server)];
  if (mine === 0 || its === 0 || (mine <= its && its - mine <= mostBehind)) return [];
  const how = mine > its ? 'newer than' : `more than ${mostBehind} minor versions older than`;
  return [
    warning(
      `kube-proxy ${version} is ${how} the API server (${server}): Services may go wrong, whatever policy says`,
      'upgrade the control plane first, and kube-proxy with the nodes',
    ),
  ];
}
