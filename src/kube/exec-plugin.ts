import { spawn } from 'node:child_process';
import type { RequestOptions } from 'node:https';
import type { Authenticator } from '@kubernetes/client-node/dist/auth.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { isObject } from '#core/api/reader.ts';
import { KubeFault } from './fault.ts';
import type { KubeCluster, KubeExec } from './kubeconfig.ts';

/** Under this name the library hands a user's credential plugin to us. */
export const pluginProvider = 'sallyport-exec';

interface Credential {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

/**
 * Runs a credential plugin as kubectl does: it is told what for, may ask the user on the terminal, and is seen when it speaks. (The
 * library's own runner does none of these.) Source: client.authentication.k8s.io/v1, k8s.io/client-go/plugin/pkg/client/auth/exec.
 */
export class ExecPlugin implements Authenticator {
  readonly #plugin: KubeExec;
  readonly #cluster: KubeCluster;
  #credential: Credential | undefined;

  constructor(plugin: KubeExec, cluster: KubeCluster) {
    this.#plugin = plugin;
    this.#cluster = cluster;
  }

  isAuthProvider(user: User): boolean {
    return (user.authProvider as { name?: string } | undefined)?.name === pluginProvider;
  }

  async applyAuthentication(_: User, options: RequestOptions): Promise<void> {
    if (!isValid(this.#credential)) this.#credential = credentialOf(await this.#run(), this.#plugin);
    const { token, clientCertificateData, clientKeyData } = this.#credential!;
    if (clientCertificateData) Object.assign(options, { cert: clientCertificateData, key: clientKeyData });
    if (token) options.headers = { ...options.headers, Authorization: `Bearer ${token}` } as NonNullable<RequestOptions['headers']>;
  }

  /** What the plugin prints. */
  #run(): Promise<string> {
    const { command = '', args = [], env = [], interactiveMode = 'IfAvailable', installHint } = this.#plugin;
    const isTerminal = process.stdin.isTTY === true;
    if (interactiveMode === 'Always' && !isTerminal)
      throw new KubeFault('credentials', `the credential plugin ${command} must ask on a terminal, and standard input is none`);
    const interactive = interactiveMode !== 'Never' && isTerminal;
    const environment = Object.fromEntries(env.map(({ name = '', value = '' }) => [name, value]));
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        env: { ...process.env, ...environment, KUBERNETES_EXEC_INFO: JSON.stringify(this.#purpose(interactive)) },
        stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(pluginFault(command, error.code === 'ENOENT' ? 'is not there' : `could not be run: ${error.message}`, installHint)),
      );
      child.on('close', (code, signal) => {
        if (code === 0) resolve(output);
        else reject(pluginFault(command, `ended with ${signal ?? `exit code ${code}`}`, installHint));
      });
    });
  }

  /** What the plugin is told. */
  #purpose(interactive: boolean): object {
    const { apiVersion = '', provideClusterInfo } = this.#plugin;
    const { 'certificate-authority': _, ...cluster } = this.#cluster;
    return { kind: 'ExecCredential', apiVersion, spec: { interactive, ...(provideClusterInfo && { cluster }) } };
  }
}

/** A credential without an end is good as long as we run. */
function isValid(credential: Credential | undefined): boolean {
  if (credential === undefined) return false;
  const { expirationTimestamp } = credential;
  return expirationTimestamp === undefined || Date.parse(expirationTimestamp) > Date.now();
}

function credentialOf(output: string, { command = '', apiVersion = '' }: KubeExec): Credential {
  const value = jsonOf(output, command);
  const status = isObject(value) && isObject(value.status) ? value.status : undefined;
  if (status === undefined) throw pluginFault(command, 'printed no ExecCredential with a status');
  if (isObject(value) && value.apiVersion !== apiVersion)
    throw pluginFault(
      command,
      `printed a credential of version ${JSON.stringify(value.apiVersion)}, the kubeconfig says ${JSON.stringify(apiVersion)}`,
    );
  const textOf = (field: string): Record<string, string> => (typeof status[field] === 'string' ? { [field]: status[field] } : {});
  const fields = ['token', 'clientCertificateData', 'clientKeyData', 'expirationTimestamp'];
  const credential: Credential = Object.assign({}, ...fields.map(textOf));
  if (!credential.token && !(credential.clientCertificateData && credential.clientKeyData))
    throw pluginFault(command, 'gave neither a token nor a certificate with its key');
  return credential;
}

function jsonOf(output: string, command: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    // What the parser says of it would quote it, and it may hold a token.
    throw pluginFault(command, output.trim() === '' ? 'printed nothing' : 'printed no JSON');
  }
}

const pluginFault = (command: string, what: string, hint?: string): KubeFault =>
  new KubeFault('credentials', `the credential plugin ${command} ${what}`, hint);
