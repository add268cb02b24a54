import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../golden/session.ts';

/**
 * Where what guides show is run: by `test/golden/readme.test.ts`, and by a `guides.test.ts` of each of these folders. What is not run says why.
 */
export type Place = 'golden' | 'kernel' | 'apiserver' | 'cluster' | { readonly not: string };

/** Pages of which every session is run as it stands, without a cluster. */
export const sessionPages = ['README.md', 'docs/testing.md', 'docs/observe.md'];

const not = (reason: string): Place => ({ not: reason });

/** Every command that the guides of the agent show, and everything else that they show in a block: how it begins, and where it is run or compared. */
export const guides: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  'docs/install.md': {
    'sallyport doctor --live': 'apiserver',
    'sallyport doctor': 'kernel',
    'make image': 'cluster',
    'make image IMAGE=registry.example/sallyport': 'cluster',
    'skopeo copy oci-archive:build/image/sallyport.tar docker://registry.example/sallyport:0.1.0': not('needs a registry'),
    'ctr -n k8s.io images import build/image/sallyport.tar': 'cluster',
    'kind load image-archive build/image/sallyport.tar': not('needs kind, which needs Docker'),
    'helm install sallyport deploy/helm/sallyport --namespace kube-system --set image.repository=registry.example/sallyport --wait':
      'cluster',
    "sed 's#localhost/sallyport#registry.example/sallyport#' deploy/manifests/sallyport.yaml | kubectl apply -f -": 'cluster',
    'kubectl -n kube-system rollout status daemonset/sallyport-agent': 'cluster',
    'helm upgrade sallyport deploy/helm/sallyport --namespace kube-system --reuse-values --wait': 'cluster',
    'helm upgrade sallyport deploy/helm/sallyport --namespace kube-system --reuse-values --set remove=true --wait': 'cluster',
    'helm uninstall sallyport --namespace kube-system': 'cluster',
    "sed 's#localhost/sallyport#registry.example/sallyport#' deploy/manifests/remove.yaml | kubectl apply -f -": 'cluster',
    'kubectl delete -f deploy/manifests/sallyport.yaml': 'cluster',
  },
  'docs/observe.md': {
    'sallyport agent --listen :9470': 'apiserver',
    'sallyport agent --listen 192.0.2.11:9470': 'apiserver',
    'sallyport agent --listen none': 'apiserver',
    'bin/sallyport status --agent examples/agents/worker-a.json --agent examples/agents/worker-b.json': 'golden',
    'bin/sallyport status shop/default-deny guard --agent examples/agents/worker-a.json --agent examples/agents/worker-b.json': 'golden',
    'bin/sallyport status --agent examples/agents/worker-a.json --agent examples/agents/worker-b-behind.json': 'golden',
    'bin/sallyport status shop/allow-dns -o json --agent examples/agents/worker-a.json --agent examples/agents/worker-b.json': 'golden',
    'kubectl apply -f policies/ && sallyport wait --all --timeout 1m': 'apiserver',
    'sallyport wait shop/default-deny': 'apiserver',
    'kubectl events --for networkpolicy/default-deny -n shop': 'apiserver',
    'kubectl events --for clusternetworkpolicy/guard': 'apiserver',
    '{"ready":true,': 'apiserver',
  },
  'docs/drops.md': {
    'sallyport drops -n shop': 'apiserver',
    '{"time":"2026-11-29T14:32:05.123Z",': 'apiserver',
  },
  'docs/rollout.md': {
    'apiVersion: networking.k8s.io/v1': 'apiserver',
    'sallyport drops --audit -n shop': 'apiserver',
    'sallyport drops --audit --once -o json > audited.jsonl': 'apiserver',
    'sallyport generate from-flows audited.jsonl -n shop > policies.yaml': 'apiserver',
    'sallyport lint -f policies.yaml': 'apiserver',
    'kubectl apply -f policies.yaml': 'apiserver',
    'kubectl annotate networkpolicy -n shop deny-all sallyport.dev/audit-': 'apiserver',
  },
  'docs/troubleshoot.md': {
    'sallyport doctor': 'kernel',
    'kubectl -n kube-system exec daemonset/sallyport-agent -- sallyport doctor': 'cluster',
    'kubectl debug node/worker-a -it --profile=sysadmin --image=registry.example/sallyport:0.1.0 -- sallyport doctor': 'cluster',
    'sallyport doctor --live': 'apiserver',
    'for pod in $(kubectl -n kube-system get pods -l app.kubernetes.io/component=agent -o name);': 'cluster',
  },
  'docs/agent.md': {
    'sallyport agent --node worker-a': 'apiserver',
    'apiVersion: rbac.authorization.k8s.io/v1': 'apiserver',
  },
};

/** One thing that a page shows in a block. */
export interface Shown {
  /** A command, or all of what is shown otherwise: manifests, answers. */
  readonly text: string;
  readonly isCommand: boolean;
  /** What the page says that the command prints; empty where it says nothing. */
  readonly output: string;
}

/** Everything that a page shows in blocks, in its order. A block that is indented is commands, one on each line, unless it has prompts or is JSON. */
export function shownIn(page: string): Shown[] {
  const blocks = page.matchAll(/^```\w*.*\n(?<fenced>[\s\S]*?)^```$|(?<indented>^ {4}\S.*\n(?: {4}.*\n|\n(?= {4}))*)/gm);
  return Array.from(blocks).flatMap(({ groups }): Shown[] => {
    const { fenced, indented = '' } = groups as { fenced?: string; indented?: string };
    const text = fenced ?? indented.replaceAll(/^ {4}/gm, '');
    if (fenced !== undefined && !/^(\$ )?(sallyport|kubectl|helm|make) /.test(text)) return [{ text, isCommand: false, output: '' }];
    if (text.startsWith('{')) return [{ text, isCommand: false, output: '' }];
    if (!text.startsWith('$ '))
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => ({ text: commandOf(line), isCommand: true, output: '' }));
    return text
      .split(/^\$ /m)
      .slice(1)
      .map((session) => {
        const end = session.indexOf('\n');
        return { text: commandOf(session.slice(0, end)), isCommand: true, output: session.slice(end + 1) };
      });
  });
}

/** A line without what it says to the reader. */
const commandOf = (line: string): string => line.replace(/\s+# .*$/, '').trim();

export const pageText = (name: string): string => readFileSync(join(root, name), 'utf8');

/** The entry of the table that something shown belongs to: a command whole or up to its first `;`, another block by how it begins. */
export const entryOf = (name: string, { text, isCommand }: Shown): string | undefined =>
  Object.keys(guides[name] ?? {}).find((key) => (isCommand && !key.endsWith(';') ? text === key : text.startsWith(key)));

/** What one test runs of the guides. It must run all that the table says it does. */
export class GuideReader {
  readonly #place: Place;
  readonly #left: Set<string>;

  constructor(place: Place) {
    this.#place = place;
    const entries = Object.entries(guides).flatMap(([name, table]) =>
      Object.entries(table).flatMap(([key, where]) => (where === place ? [`${name}: ${key}`] : [])),
    );
    this.#left = new Set(entries);
  }

  /** What a guide shows that begins so, which the caller will run, or compare. Throws where there is none, or it is for another test. */
  take(name: string, begin: string): Shown {
    const all = shownIn(pageText(name)).filter(({ text }) => text.startsWith(begin));
    const found = all.find(({ text }) => text === begin) ?? all[0];
    const entry = found && entryOf(name, found);
    if (found === undefined || entry === undefined || guides[name]![entry] !== this.#place)
      throw new Error(`${name} shows nothing for this test that begins with ${begin}`);
    this.#left.delete(`${name}: ${entry}`);
    return found;
  }

  /** What has not been taken. */
  get left(): string[] {
    return [...this.#left];
  }
}

/** What a command of a page prints now, where it is to be what the page says; with UPDATE_GOLDEN=1 the page says it from now on. Gives what the page said. */
export function told(name: string, { text, output }: Shown, now: string): string {
  if (process.env.UPDATE_GOLDEN !== '1') return output;
  const block = (lines: string): string => `    $ ${text}\n${lines.replaceAll(/^(?=.)/gm, '    ')}`;
  const page = pageText(name);
  writeFileSync(
    join(root, name),
    page.replace(block(output), () => block(now)),
  );
  return now;
}
