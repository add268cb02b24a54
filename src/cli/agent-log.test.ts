import { describe, expect, test } from 'vitest';
import type { Applied } from '#agent/reconciler.ts';
import { KubeFault } from '#kube/fault.ts';
import { Forbidden } from '#kube/permission.ts';
import { pods } from '#kube/resource.ts';
import { AgentLog } from './agent-log.ts';

const applied = (more: Partial<Applied> = {}): Applied => ({
  version: 1,
  changed: true,
  milliseconds: 1.23456,
  latency: 4.5,
  failures: [],
  repaired: [],
  ...more,
});

describe('the log of an agent', () => {
  const logOf = (tell: (log: AgentLog) => void): object[] => {
    const lines: string[] = [];
    tell(new AgentLog((line) => lines.push(line)));
    expect(lines.every((line) => line.endsWith('\n'))).toBe(true);
    return lines.map((line) => {
      const { time, ...rest } = JSON.parse(line) as { time: string };
      expect(new Date(time).toISOString()).toBe(time);
      return rest;
    });
  };

  test('tells what was applied, the first time by another name, and nothing of passes that changed nothing', () => {
    const lines = logOf((log) => {
      log.applied(applied());
      log.applied(applied({ changed: false }));
      log.applied(applied({ version: 2 }));
    });
    expect(lines).toEqual([
      { level: 'info', event: 'programmed', version: 1, latency: 4.5, milliseconds: 1.23 },
      { level: 'info', event: 'applied', version: 2, latency: 4.5, milliseconds: 1.23 },
    ]);
  });

  test('warns of what was repaired, but for what the first pass found', () => {
    const lines = logOf((log) => {
      log.applied(applied({ repaired: ['judge'] }));
      log.applied(applied({ repaired: ['deny'] }));
    });
    expect(lines).toContainEqual({ level: 'info', event: 'adopted', objects: ['judge'] });
    expect(lines).toContainEqual({ level: 'warn', event: 'repaired', objects: ['deny'] });
  });

  test('tells a failure when it comes and when it goes', () => {
    const failure = { policy: 'shop/deny', message: 'no' };
    const lines = logOf((log) => {
      for (const failures of [[failure], [failure], []]) log.applied(applied({ changed: false, failures }));
    });
    expect(lines).toEqual([
      { level: 'error', event: 'failed', ...failure },
      { level: 'info', event: 'mended', ...failure },
    ]);
  });

  test('says what keeps it from the API server, and what to do', () => {
    const refused = [
      new Forbidden({ verb: 'list', resource: pods }, 'pods is forbidden: User "system:serviceaccount:kube-system:sallyport" cannot list'),
    ];
    const lines = logOf((log) => {
      log.note({ type: 'fault', resource: 'pods', fault: new KubeFault('unreachable', 'no way', 'go there') });
      log.note({ type: 'forbidden', refused });
      const object = { kind: 'NetworkPolicy', namespace: 'shop', name: 'x' };
      log.note({
        type: 'unreadable',
        ...object,
        object: 'NetworkPolicy shop/x',
        apiVersion: 'networking.k8s.io/v1',
        isClosed: true,
        faults: ['spec: wrong'],
      });
      log.note({ type: 'readable', object, isGone: false });
      log.note({ type: 'relisted', resource: 'pods', reason: 'gone' });
    });
    expect(lines).toEqual([
      { level: 'warn', event: 'unreachable', resource: 'pods', message: 'no way', hint: 'go there' },
      {
        level: 'error',
        event: 'forbidden',
        message: 'user "system:serviceaccount:kube-system:sallyport" may not list pods in all namespaces',
        hint: expect.stringContaining('--serviceaccount=kube-system:sallyport'),
      },
      { level: 'error', event: 'unreadable', object: 'NetworkPolicy shop/x', closed: true, faults: ['spec: wrong'] },
      { level: 'info', event: 'readable', object: 'NetworkPolicy shop/x' },
      { level: 'info', event: 'relisted', resource: 'pods', reason: 'gone' },
    ]);
  });
});
