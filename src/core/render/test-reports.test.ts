import { expect, it } from 'vitest';
import { parse } from 'yaml';
import type { TestAnswer } from '../expect/answer.ts';
import { renderJunit, renderTap } from './test-reports.ts';

const nasty = 'a <b> & "c" # d \\ \u0007 \ud800 ]]> \u2028 end';

const tests: TestAnswer[] = [
  { document: 'one', name: 'passes', status: 'passed', tried: 1, violations: [], errors: [] },
  {
    document: 'one',
    name: nasty,
    status: 'failed',
    source: { file: nasty, line: 1, column: 2 },
    tried: 1,
    violations: [{ expected: 'deny', from: nasty, to: 'shop/web', traffic: [{ protocol: 'TCP', ports: ['80'] }] }],
    errors: [],
  },
  { document: nasty, name: 'undecided', status: 'error', tried: 0, violations: [], errors: [{ error: nasty }] },
];

/** An element of XML. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const textMeant = (text: string): string => {
  expect(text).not.toMatch(/&(?!(?:amp|lt|gt|quot);)|</);
  return text.replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name]!);
};

/** Reads XML as far as JUnit needs it; whatever is not well-formed is an error. Source: XML 1.0. */
function parseXml(text: string): Element {
  // Characters that XML does not know.
  expect(text).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<\?xml [^?]*\?>|<(?<close>\/)?(?<name>\w+)(?<attributes>(?: \w+="[^"<]*")*)(?<empty>\/)?>|(?<text>[^<]+)/gy;
  let at = 0;
  for (const match of text.matchAll(token)) {
    expect(match.index).toBe(at);
    at += match[0].length;
    const { close, name, attributes = '', empty, text: content } = match.groups!;
    const top = open.at(-1)!;
    if (content !== undefined) top.text += textMeant(content);
    else if (close) expect(open.pop()!.name).toBe(name);
    else if (name !== undefined) {
      const pairs = Array.from(attributes.matchAll(/ (\w+)="([^"]*)"/g), ([, key, value]) => [key!, textMeant(value!)] as const);
      expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length);
      const element: Element = { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
      top.children.push(element);
      if (!empty) open.push(element);
    }
  }
  expect(at).toBe(text.length);
  expect(open).toEqual([root]);
  return root;
}

it('writes JUnit that is well-formed, whatever names and messages hold', () => {
  const [suites, ...others] = parseXml([...renderJunit(tests)].join('\n')).children;
  expect(others).toEqual([]);
  expect(suites).toMatchObject({ name: 'testsuites', attributes: { tests: '3', failures: '1', errors: '1' } });
  const cleaned = nasty.replace('\u0007', '?').replace('\ud800', '?');
  expect(suites!.children.map(({ attributes }) => attributes)).toEqual([
    { name: 'one', tests: '2', failures: '1', errors: '0' },
    { name: cleaned, tests: '1', failures: '0', errors: '1' },
  ]);
  const cases = suites!.children.flatMap(({ children }) => children);
  expect(cases.map(({ name, children }) => [name, children.map((child) => child.name)])).toEqual([
    ['testcase', []],
    ['testcase', ['failure']],
    ['testcase', ['error']],
  ]);
  expect(cases[2]!.children[0]!.text).toBe(cleaned);
});

/** Reads the Test Anything Protocol, version 14: plan, test points, YAML blocks. */
function parseTap(lines: readonly string[]) {
  const [version, plan, ...rest] = lines;
  expect(version).toBe('TAP version 14');
  const points: { ok: boolean; number: number; description: string; diagnostics?: unknown }[] = [];
  for (let at = 0; at < rest.length; at++) {
    const { not, number, description } = /^(?<not>not )?ok (?<number>\d+) - (?<description>.*)$/.exec(rest[at]!)!.groups!;
    const point = { ok: not === undefined, number: Number(number), description: description! };
    if (rest[at + 1] !== '  ---') points.push(point);
    else {
      const end = rest.indexOf('  ...', at);
      const block = rest.slice(at + 2, end);
      expect(block.every((line) => line.startsWith('  '))).toBe(true);
      points.push({ ...point, diagnostics: parse(block.map((line) => line.slice(2)).join('\n')) });
      at = end;
    }
  }
  expect(plan).toBe(`1..${points.length}`);
  return points;
}

it('writes TAP 14 whose descriptions hold no directive and whose blocks are YAML', () => {
  const points = parseTap([...renderTap(tests)].flatMap((line) => line.split('\n')));
  expect(points.map(({ ok, number }) => [ok, number])).toEqual([
    [true, 1],
    [false, 2],
    [false, 3],
  ]);
  for (const { description } of points) expect(description).not.toMatch(/(?<!\\)(?:\\\\)*#/);
  expect(points[1]!.diagnostics).toMatchObject({ severity: 'fail', message: expect.stringContaining('must be denied, and is allowed') });
  expect(points[2]!.diagnostics).toMatchObject({ severity: 'error' });
});
