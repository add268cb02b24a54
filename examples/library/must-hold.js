// Fails a build when manifests no longer allow what must work, or allow what must not: node must-hold.js FOLDER
import { globSync, readFileSync } from 'node:fs';
import { analyse, checkConnection, parseManifests } from 'sallyport';

const mustHold = [
  { from: 'production/deployment/frontend', to: 'production/service/backend', port: 80, allowed: true },
  { from: 'production/deployment/api', to: 'kube-system/deployment/coredns', protocol: 'UDP', port: 53, allowed: true },
  { from: 'staging/deployment/frontend', to: 'production/service/backend', port: 80, allowed: false },
  { from: 'production/deployment/frontend', to: 'production/statefulset/database', port: 5432, allowed: false },
];

const files = globSync(`${process.argv[2]}/**/*.yaml`).sort();
const texts = Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]));
// Throws where a manifest is wrong: a build must not pass on the half that could be read.
const cluster = analyse(await parseManifests(texts));

for (const { allowed, ...flow } of mustHold) {
  const answer = checkConnection(cluster, flow);
  if ('error' in answer) throw new Error(answer.error);
  const holds = answer.allowed === allowed;
  console.log(`${holds ? 'ok   ' : 'FAULT'} ${flow.from} → ${flow.to} is ${answer.allowed ? 'allowed' : 'denied'}`);
  if (holds) continue;
  process.exitCode = 1;
  for (const { policy, source } of [...answer.egress.rules, ...answer.ingress.rules])
    console.log(`      by ${policy.name}, ${source.file}:${source.line}`);
}
