import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { isIPv6 } from 'node:net';
import type { Connection } from './connection.ts';
import { KubeFault } from './fault.ts';

/** Where a pod finds what proves who it is. */
export const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The URL of the API server that the environment of a pod names, if it names one. Source: InClusterConfig in k8s.io/client-go/rest. */
export function ownServer({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port }: NodeJS.ProcessEnv): string | undefined {
  return host && port ? `https://${isIPv6(host) ? `[${host}]` : host}:${port}` : undefined;
}

/** The connection of a process that is its own cluster's: the server of the environment, as the service account whose files the directory holds. */
export function connectionOfServiceAccount(directory: string, environment: NodeJS.ProcessEnv): Connection {
  const server = ownServer(environment);
  if (server === undefined)
    throw new KubeFault(
      'configuration',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not say where the API server is',
      'Kubernetes sets both in a pod; outside one they are yours to set',
    );
  return new ServiceAccountConnection(server, directory);
}

/** Reads the token and the authority anew for every request: both are replaced while we run, and requests are few. */
class ServiceAccountConnection implements Connection {
  readonly server: string;
  readonly #directory: string;
  #authority = '';
  #agent: Agent | undefined;

  constructor(server: string, directory: string) {
    this.server = server;
    this.#directory = directory;
  }

  get agent(): Agent {
    const authority = this.#read('ca.crt');
    if (this.#agent === undefined || authority !== this.#authority) {
      this.#agent = new Agent({ ca: authority, keepAlive: true });
      this.#authority = authority;
    }
    return this.#agent;
  }

  async headers(): Promise<{ readonly Authorization: string }> {
    return { Authorization: `Bearer ${this.#read('token').trim()}` };
  }

  #read(name: string): string {
    try {
      return readFileSync(`${this.#directory}/${name}`, 'utf8');
    } catch (error) {
      throw new KubeFault('credentials', `the service account can't be used: ${(error as Error).message}`);
    }
  }
}
