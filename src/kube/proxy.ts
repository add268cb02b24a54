import { addressesOf, hasAddress } from '#core/net/address-set.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { parseIp } from '#core/net/ip.ts';

/**
 * The proxy that the environment names for a server, if it does: HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY lists the host. A server
 * on this machine has none. Source: golang.org/x/net/http/httpproxy, which kubectl goes by.
 */
export function proxyOfEnvironment(server: string, environment: NodeJS.ProcessEnv): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const variable = (name: string): string => environment[name] || environment[name.toLowerCase()] || '';
  const proxy = variable(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === '') return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const ip = parseIp(host);
  const isOwn = host === 'localhost' || (ip !== undefined && hasAddress(loopback, ip));
  const isExcepted = variable('NO_PROXY')
    .split(',')
    .some((entry) => excepts(entry.trim().toLowerCase(), host, port || (protocol === 'https:' ? '443' : '80')));
  if (isOwn || isExcepted) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

const blocks = (...texts: string[]) => addressesOf(texts.map((text) => parseCidr(text)!.cidr));
const loopback = blocks('127.0.0.0/8', '::1/128');

/** Whether an entry of NO_PROXY speaks of the host: `*`, an address, a block, a domain with its subdomains, `.domain` for those alone. */
function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const ip = parseIp(host);
  const block = parseCidr(entry);
  if (block !== undefined) return ip !== undefined && hasAddress(addressesOf([block.cidr]), ip);
  const [, name = '', itsPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(parseIp(entry) === undefined ? entry : `[${entry}]`) ?? [];
  if (itsPort !== undefined && itsPort !== port) return false;
  if (ip !== undefined) return name === host;
  const domain = name.replace(/^\*(?=\.)/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}
