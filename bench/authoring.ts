import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Diagnostic } from 'vscode-languageserver-protocol/node';
import { clusterOf } from '#core/cluster/cluster.ts';
import { decodeTest } from '#core/expect/read-test.ts';
import { TestRun } from '#core/expect/run-tests.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { Editor } from '../test/lsp/editor.ts';
import { clusterObjects, clusterSizes, deploymentObjects, hopefulTests, policyObject, testDocument, type WireObject } from './cluster.ts';
import { estimateQuantile } from './compare.ts';
import { decodeWire } from './decode.ts';
import { Workplace } from './program.ts';
import type { Result, Section } from './report.ts';

const size = clusterSizes.medium;
const samples = 15;
const program = fileURLToPath(new URL('../bin/sallyport', import.meta.url));

/** What people keep in their CI, and what they write it with. */
export const authoring: Section = {
  title: '1,000 policies and 10,000 pods; commands from the start of their process to its end',
  async measure(report) {
    using workplace = new Workplace();
    const input = join(workplace.path, 'cluster.json');
    const objects = [...clusterObjects(size)];
    writeFileSync(input, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const tests = join(workplace.path, 'tests.json');
    writeFileSync(tests, JSON.stringify(rightTests(objects)));
    const commands = { lint: ['lint'], 'test of 1,000 expectations': ['test', tests] };
    for (const [name, words] of Object.entries(commands)) {
      const runs = await workplace.measure(samples, ...words, '-f', input);
      const seconds = runs.map(({ milliseconds }) => milliseconds / 1000);
      report({ name, unit: 's', estimate: estimateQuantile(seconds), bar: { atMost: 2 } });
      report({ name: `${name}: memory`, unit: 'MiB', estimate: estimateQuantile(runs.map(({ mebibytes }) => mebibytes)) });
    }
    await measureEdits(report);
  },
};

/** A thousand expectations that hold. */
function rightTests(objects: readonly WireObject[]): object {
  const hopes = hopefulTests(size, 1000);
  const { test } = decodeTest(testDocument(hopes));
  const run = new TestRun(new Analysis(clusterOf(objects.map(decodeWire))), test!);
  const results = [...run.results()];
  return testDocument(hopes.map((hope, index) => (results[index]!.status === 'passed' ? hope : { ...hope, expect: 'deny' })));
}

const isAboutProtocol = ({ message }: Pick<Diagnostic, 'message'>): boolean => String(message).includes('TPC');

/** From a key that is pressed until the editor shows what that makes wrong, the pause of the server included. */
async function measureEdits(report: (result: Result) => void): Promise<void> {
  using workplace = new Workplace();
  const others = [...clusterObjects({ ...size, pods: 0 }), ...deploymentObjects(size)];
  for (const [index, object] of others.entries()) writeFileSync(join(workplace.path, `${index}.json`), JSON.stringify(object));
  await using editor = await Editor.start([program], [workplace.path]);
  const uri = pathToFileURL(join(workplace.path, 'edited.json')).href;
  await editor.open(uri, JSON.stringify(policyObject(size, 202)).replace('"name":"', '"name":"edited-'));
  const [right, wrong] = ['"protocol":"TCP"', '"protocol":"TPC"'];
  const milliseconds: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const start = performance.now();
    await editor.replace(uri, right, wrong);
    await editor.diagnostics(uri, (all) => all.some(isAboutProtocol));
    milliseconds.push(performance.now() - start);
    await editor.replace(uri, wrong, right);
    await editor.diagnostics(uri, (all) => !all.some(isAboutProtocol));
  }
  report({ name: 'an edit, until lsp has answered', unit: 'ms', estimate: estimateQuantile(milliseconds), bar: { atMost: 100 } });
}
