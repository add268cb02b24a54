import { expect, test } from 'vitest';
import { ManifestCollection } from '#manifest/collect.ts';
import { assignAddresses } from '../cluster/assign-addresses.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { concludedFrom } from './concluded.ts';
import { Mentions } from './mentions.ts';
import { flowText } from './wanted.ts';

const service = (name: string, namespace: string, more = '') => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ name: main, port: 80, targetPort: 8080 }, { name: other, port: 81, targetPort: 8081 }]${more} }
---`;
const pod = (name: string, namespace: string, container = '{ name: main }') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { containers: [${container}] }
---`;
const there = pod('web', 'shop') + pod('db', 'data') + service('web', 'shop') + service('db', 'data');

async function conclusions(text: string, namespaces = ['shop', 'data']) {
  const mentions = new Mentions();
  const collection = new ManifestCollection({ onObject: mentions.onObject, onForeign: mentions.onForeign });
  await collection.addText(text, 'a.yaml', 'skip');
  const { objects, diagnostics } = collection.finish();
  expect(diagnostics).toEqual([]);
  return concludedFrom(clusterOf(assignAddresses(objects)), mentions, new Set(namespaces));
}

/** What a pod `client` of `shop` is concluded to call when its container is told a text. */
async function calledBy(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const container = JSON.stringify({ name: 'main', env: variables, args });
  const { concluded } = await conclusions(there + pod('client', 'shop', container));
  return concluded.map(({ flow: { to, port } }) => `${to}:${port}`);
}

test.for([
  ['URL', 'http://web', ['shop/Service/web:80', 'shop/Service/web:81']],
  ['URL', 'http://web:80/path?q=1', ['shop/Service/web:80']],
  ['X', 'web:81', ['shop/Service/web:81']],
  ['X', 'db.data:80', ['data/Service/db:80']],
  ['X', 'postgres://user:secret@db.data.svc.cluster.local:80/shop', ['data/Service/db:80']],
  ['X', 'db-0.db.data.svc:80', ['data/Service/db:80']],
  ['X', 'jdbc:postgresql://db.data.svc:80/shop', ['data/Service/db:80']],
  ['BROKERS', 'web:80,db.data:81', ['shop/Service/web:80', 'data/Service/db:81']],
  ['WEB_HOST', 'web', ['shop/Service/web:80', 'shop/Service/web:81']],
  ['X', 'WEB:80', ['shop/Service/web:80']],
] as const)('%s=%s names Services', async ([name, text, called]) => {
  expect(await calledBy({ [name]: text })).toEqual(called);
  expect(await calledBy({}, [`--flag=${text}`])).toEqual(name === 'WEB_HOST' ? [] : called);
});

test.for([
  ['MODE', 'web'],
  ['GREETING', 'the web is wide'],
  ['URL', 'http://web.example.com'],
  ['URL', 'http://webs:80'],
  ['URL', 'http://db:80'],
  ['URL', 'http://web:8080'],
  ['IMAGE', 'registry/web:latest'],
  ['PATH', '/srv/web/80'],
] as const)('%s=%s names none', async ([name, text]) => {
  expect(await calledBy({ [name]: text })).toEqual([]);
});

test('a Service for the outside is for the internet, and only where somebody is behind it', async () => {
  const { concluded, uncalled } = await conclusions(
    pod('web', 'shop') + service('web', 'shop', ', type: LoadBalancer') + service('gone', 'shop', ', type: NodePort'),
  );
  expect(concluded.map(({ flow, because }) => `${flowText(flow)}: ${because}`)).toEqual([
    'internet → shop/Service/web TCP/80: type LoadBalancer',
    'internet → shop/Service/web TCP/81: type LoadBalancer',
  ]);
  expect(uncalled).toEqual([]);
});

test('what a ConfigMap says counts for those who take it, whichever is read first', async () => {
  const map =
    '\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: urls, namespace: shop }\ndata: { WEB: "http://web:80", DB: "http://db.data:80" }\n---';
  const one = '{ name: main, env: [{ name: URL, valueFrom: { configMapKeyRef: { name: urls, key: WEB } } }] }';
  const all = '{ name: main, envFrom: [{ configMapRef: { name: urls } }] }';
  const { concluded, uncalled } = await conclusions(pod('one', 'shop', one) + map + pod('all', 'shop', all) + there);
  expect(concluded.map(({ flow, because }) => `${flowText(flow)}: ${because}`)).toEqual([
    'shop/Pod/one → shop/Service/web TCP/80: env URL of ConfigMap shop/urls',
    'shop/Pod/all → shop/Service/web TCP/80: env WEB of ConfigMap shop/urls',
    'shop/Pod/all → data/Service/db TCP/80: env DB of ConfigMap shop/urls',
  ]);
  expect(uncalled).toEqual([]);
});

test('of other namespaces what concerns those asked for, and who is called by nobody', async () => {
  const text =
    there + pod('client', 'shop', '{ name: main, args: ["db.data:80"] }') + pod('other', 'blog', '{ name: main, args: ["web.shop:80"] }');
  const asked = await conclusions(text, ['data']);
  expect(asked.concluded.map(({ flow }) => flowText(flow))).toEqual(['shop/Pod/client → data/Service/db TCP/80']);
  expect((await conclusions(there)).uncalled).toEqual(['data/Service/db', 'shop/Service/web']);
});
