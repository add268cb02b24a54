import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authority, type Certificate, makeKey, openssl } from './authority.ts';

/** Where a control plane listens. etcd is on loopback only. */
export interface ControlPlaneAddress {
  /** The address of kube-apiserver. */
  readonly address: string;
  readonly ports: { readonly server: number; readonly etcd: number; readonly peer: number };
}

/** A user that a token stands for. */
export interface TokenUser {
  readonly token: string;
  readonly name: string;
  readonly groups?: readonly string[];
}

/** The keys and certificates of a control plane, and the words that etcd and kube-apiserver are started with; all in one directory. */
export class ControlPlaneSetup {
  readonly directory: string;
  readonly server: string;
  /** etcd's own address, for tests of what happens when it forgets. */
  readonly etcd: string;
  readonly authority: Authority;
  readonly admin: Certificate;
  readonly #place: ControlPlaneAddress;

  constructor(directory: string, place: ControlPlaneAddress) {
    this.directory = directory;
    this.#place = place;
    this.server = `https://${place.address}:${place.ports.server}`;
    this.etcd = `http://127.0.0.1:${place.ports.etcd}`;
    this.authority = new Authority(join(directory, 'pki'), 'authority');
    this.admin = this.authority.issue('admin', { subject: '/O=system:masters/CN=admin' });
  }

  /** The key that signs the tokens of service accounts. */
  get accountsKey(): string {
    return join(this.directory, 'pki/accounts.key');
  }

  /** The words of etcd, which keeps nothing over a power failure. */
  etcdWords(): string[] {
    const peer = `http://127.0.0.1:${this.#place.ports.peer}`;
    return [
      '--name=test',
      `--data-dir=${join(this.directory, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${this.etcd}`,
      `--advertise-client-urls=${this.etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=test=${peer}`,
    ];
  }

  /** The words of kube-apiserver, with what only this one needs behind them. */
  serverWords(more: readonly string[] = []): string[] {
    const { address, ports } = this.#place;
    const { certificate, key } = this.authority.issue('server', {
      subject: '/CN=kube-apiserver',
      // The last address is the first of the Services: the API server's own.
      names: [`IP:${address}`, 'DNS:localhost', 'DNS:kubernetes.default.svc', 'IP:10.96.0.1'],
    });
    makeKey(this.accountsKey);
    const accounts = join(this.directory, 'pki/accounts.pub');
    openssl('ec', '-in', this.accountsKey, '-pubout', '-out', accounts);
    return [
      `--etcd-servers=${this.etcd}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      `--secure-port=${ports.server}`,
      `--tls-cert-file=${certificate}`,
      `--tls-private-key-file=${key}`,
      `--client-ca-file=${this.authority.certificate}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${accounts}`,
      `--service-account-signing-key-file=${this.accountsKey}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--allow-privileged=true',
      '--profiling=false',
      ...more,
    ];
  }

  /** The flag of kube-apiserver that makes tokens of users good. */
  tokenFlag(users: readonly TokenUser[]): string {
    const path = join(this.directory, 'tokens.csv');
    writeFileSync(path, users.map(({ token, name, groups = [] }) => `${token},${name},${name},"${groups.join()}"\n`).join(''));
    return `--token-auth-file=${path}`;
  }

  /** The flags of kube-apiserver that have it write down who asked for what. */
  auditFlags(): string[] {
    const policy = join(this.directory, 'audit.yaml');
    const rules = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] };
    writeFileSync(policy, JSON.stringify(rules));
    return [`--audit-policy-file=${policy}`, `--audit-log-path=${this.auditLog}`];
  }

  get auditLog(): string {
    return join(this.directory, 'audit.log');
  }

  /** Writes a kubeconfig and returns its path; without a user it is the administrator's. */
  kubeconfig(
    name: string,
    user: object = { 'client-certificate': this.admin.certificate, 'client-key': this.admin.key },
    cluster: object = {},
  ): string {
    mkdirSync(this.directory, { recursive: true });
    const path = join(this.directory, `${name}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server: this.server, 'certificate-authority': this.authority.certificate, ...cluster } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }
}
