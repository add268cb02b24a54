import { expect, it } from 'vitest';
import { lintTexts } from '#test/lint-text.ts';

const pod = (name: string): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.${name.length}}
---
`;

/** Every port of web for the client, whose own egress cluster-wide policies close but for the ports behind those that they deny. */
const policies = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: client}}}]
    ports: [{protocol: TCP}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: floor}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  egress:
  - action: Pass
    to: [{namespaces: {}}]
    protocols: [{tcp: {destinationPort: {range: {start: 80, end: 81}}}}]
  - action: Deny
    to: [{networks: [0.0.0.0/0]}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: default}
spec:
  tier: Baseline
  priority: 1
  subject: {namespaces: {}}
  egress:
  - action: Deny
    to: [{namespaces: {}}]
    protocols: [{tcp: {destinationPort: {range: {start: 53, end: LAST}}}}]
`;

/** What is said of connections that one side refuses, with the last port that the floor of the cluster denies. */
async function saidWith(last: number): Promise<string[]> {
  const found = await lintTexts({ 'all.yaml': pod('web') + pod('client') + policies.replace('LAST', String(last)) });
  return found.map(({ code }) => code).filter((code) => code === 'one-sided-allow' || code === 'no-common-port');
}

it('finds the port that lies right behind those that a cluster-wide policy denies', async () => {
  expect(await saidWith(81)).toEqual(['no-common-port']);
  expect(await saidWith(80)).toEqual([]);
});
