import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterNode, type ClusterOptions, images, podRange } from './layout.ts';

/** What the programs of a node read. */
export interface NodeFiles {
  readonly containerd: string;
  readonly kubelet: string;
  readonly proxy: string;
}

/** Writes what the programs of a node read, and makes the folders that become its `/var`. */
export function writeNodeFiles(node: ClusterNode, options: ClusterOptions, authority: string, kubeconfig: string): NodeFiles {
  const file = (name: string): string => join(node.directory, name);
  for (const folder of ['cni', 'var/lib', 'var/log', 'var/tmp', 'var/cache']) mkdirSync(file(folder), { recursive: true });
  symlinkSync('/run', file('var/run'));
  const write = (name: string, content: object | string): string => {
    writeFileSync(file(name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return file(name);
  };
  write('cni/10-pods.conflist', pluginChain(node, options));
  return {
    containerd: write('containerd.toml', containerdConfiguration(file('cni'))),
    kubelet: write('kubelet.json', kubeletConfiguration(authority)),
    proxy: write('kube-proxy.json', proxyConfiguration(node, options, kubeconfig)),
  };
}

function pluginChain({ pods }: ClusterNode, { cni }: ClusterOptions): object {
  const ipam = { type: 'host-local', ranges: [[{ subnet: pods }]], routes: [{ dst: '0.0.0.0/0' }] };
  const links = {
    ptp: { type: 'ptp', ipMasq: false, ipam },
    bridge: { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipMasq: false, ipam },
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return { cniVersion: '0.4.0', name: 'pods', plugins: [links[cni], portmap] };
}

/** Of Debian's containerd 1.6. */
function containerdConfiguration(cni: string): string {
  const unused = ['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `"io.containerd.snapshotter.v1.${name}"`);
  return `version = 2
disabled_plugins = [${unused.join(', ')}, "io.containerd.internal.v1.opt"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${images[0].name}"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE runc could not make a container harder to kill than its parent, and would not start.
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function kubeletConfiguration(authority: string): object {
  const hardly = '1%';
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    // Neither systemd nor version 2 of the control groups is asked for.
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    localStorageCapacityIsolation: false,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: authority } },
    authorization: { mode: 'AlwaysAllow' },
    resolvConf: '',
    // The images cannot be pulled again, and the disk is everybody's.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': hardly, 'imagefs.available': hardly, 'nodefs.inodesFree': hardly },
    maxPods: 240,
    serializeImagePulls: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 50,
  };
}

function proxyConfiguration({ name }: ClusterNode, { proxy }: ClusterOptions, kubeconfig: string): object {
  const often = { syncPeriod: '30s', minSyncPeriod: '100ms' };
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: proxy,
    hostnameOverride: name,
    clusterCIDR: podRange,
    clientConnection: { kubeconfig, qps: 200, burst: 400 },
    // The limits of connection tracking are the machine's, not a namespace's.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: often,
    nftables: often,
  };
}
