import { expect, it } from 'vitest';
import { lintTexts } from '#test/lint-text.ts';

const policy = (name: string, subject: string, rules: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: shop}
spec:
  podSelector: ${subject}
  policyTypes: [Ingress]
  ingress:
${rules}---
`;

/** Whoever calls, on some ports of all pods. */
const ports = (name: string, first: number, last: number): string =>
  policy(name, '{}', `  - ports: [{port: ${first}, endPort: ${last}}]\n`);

async function redundanciesIn(text: string): Promise<string[]> {
  const findings = await lintTexts({ 'a.yaml': text });
  return findings
    .filter(({ code }) => code.startsWith('redundant-'))
    .map(({ code, message, source }) => `${source?.line} ${code}: ${message.replace('without this ', '')}`);
}

const halves = ports('lower', 1, 79) + ports('upper', 80, 200);
const web = '{matchLabels: {app: web}}';
const client = '{podSelector: {matchLabels: {app: client}}}';
const other = '{namespaceSelector: {matchLabels: {team: a}}}';

it('a range that two rules cover together, and none of them alone', async () => {
  expect(await redundanciesIn(halves + policy('web', web, `  - from: [${client}]\n    ports: [{port: 70, endPort: 90}]\n`))).toEqual([
    '19 redundant-policy: policy nothing changes: lower and upper already isolate and allow all that it does',
  ]);
  const rules = `  - from: [${client}]\n    ports: [{port: 70, endPort: 90}]\n  - from: [${other}]\n    ports: [{port: 300}]\n`;
  expect(await redundanciesIn(halves + policy('web', web, rules))).toEqual([
    '26 redundant-rule: rule nothing changes: lower ingress rule 1 and upper ingress rule 1 let all of it through',
  ]);
});

it('a peer whose range two rules cover together', async () => {
  const narrow = ports('lower', 1, 79).replace('- ports', `- from: [${client}]\n    ports`);
  const rules = `  - from: [${client}, ${other}]\n    ports: [{port: 70, endPort: 90}]\n`;
  expect(
    await redundanciesIn(
      narrow + narrow.replace('lower', 'upper').replace('port: 1, endPort: 79', 'port: 80, endPort: 99') + policy('web', web, rules),
    ),
  ).toEqual(['28 redundant-peer: peer nothing changes: lower ingress rule 1 and upper ingress rule 1 take it in']);
});

it('of several that would do the first, and none that is not needed', async () => {
  const rules = `  - from: [${client}]\n    ports: [{port: 70, endPort: 90}]\n`;
  expect(await redundanciesIn(halves + ports('wider', 75, 300) + policy('zeb', web, rules))).toContain(
    '28 redundant-policy: policy nothing changes: lower and upper already isolate and allow all that it does',
  );
});
