import { testKind, testVersion } from '../expect/connectivity-test.ts';
import type { WrittenAllowance, WrittenTest } from '../expect/describe-today.ts';

/** Tests as a document in YAML, one connection a line. */
export function* renderTestYaml(name: string, description: string, tests: readonly WrittenTest[]): Iterable<string> {
  yield `apiVersion: ${testVersion}`;
  yield `kind: ${testKind}`;
  yield `metadata: { name: ${scalar(name)} }`;
  yield `description: ${scalar(description)}`;
  yield 'tests:';
  for (const test of tests) yield* renderTest(test);
}

function* renderTest({ name, direction, subjects, allow, nothingElse }: WrittenTest): Iterable<string> {
  const [subject, other] = direction === 'ingress' ? ['to', 'from'] : ['from', 'to'];
  yield `  - name: ${scalar(name)}`;
  yield `    ${subject}: ${ends(subjects)}`;
  if (allow.length > 0) yield '    allow:';
  for (const each of allow) yield `      - { ${entry(other, each)} }`;
  if (nothingElse) yield '    nothingElse: true';
}

function entry(other: string, { others, ports, family }: WrittenAllowance): string {
  const parts = [`${other}: ${ends(others)}`, ports && `ports: [${ports.map(scalar).join(', ')}]`, family && `family: ${family}`];
  return parts.filter((part) => part !== undefined).join(', ');
}

const ends = (names: readonly string[]): string => (names.length === 1 ? scalar(names[0]!) : `[${names.map(scalar).join(', ')}]`);

/** A text as it is where YAML reads it as itself everywhere, else in quotes, which JSON's are. */
const scalar = (text: string): string => (/^[A-Za-z][\w ./-]*[\w/]$/.test(text) && !special.test(text) ? text : JSON.stringify(text));
const special = /^(?:true|false|null|yes|no|on|off)$/i;
