import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../api/diagnostic.ts';
import { renderDiagnostic } from './diagnostics.ts';
import { plain } from './palette.ts';

const text = 'spec:\n  ingress:\n  - ports:\n    - port: 70000\n';
const fault: Diagnostic = {
  code: 'field',
  severity: 'error',
  type: 'Invalid',
  path: 'spec.ingress[0].ports[0].port',
  message: 'Invalid value: 70000: must be between 1 and 65535, inclusive',
  source: { file: 'a.yaml', line: 4, column: 13 },
  object: 'NetworkPolicy shop/deny',
};

describe('diagnostic', () => {
  it('names place, field and object, and shows the line', () => {
    expect([...renderDiagnostic(fault, { palette: plain }, () => text)]).toEqual([
      'a.yaml:4:13: error: spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive (NetworkPolicy shop/deny)',
      '4 |     - port: 70000',
      '  |             ^',
    ]);
  });

  it('stays one line where the text is not at hand, and needs no place', () => {
    const { source: _, ...homeless } = fault;
    expect([...renderDiagnostic(fault, { palette: plain })]).toHaveLength(1);
    expect([...renderDiagnostic({ ...homeless, severity: 'warning' }, { palette: plain })][0]).toMatch(/^warning: spec/);
  });

  it('begins near the fault in a long line, and fits the terminal', () => {
    const long = `{"a":"${'x'.repeat(500)}","port":70000}`;
    const source = { file: 'a.json', line: 1, column: long.indexOf('70000') + 1 };
    const lines = [...renderDiagnostic({ ...fault, source }, { palette: plain, width: 60 }, () => long)];
    expect(lines.slice(1)).toEqual(['1 | …70000}', '  |  ^']);
  });

  it('lets no file write to the terminal', () => {
    const lines = [...renderDiagnostic(fault, { palette: plain }, () => '\n\n\n    - port: \u001b[2J\n')];
    expect(lines.join('')).not.toContain('\u001b');
  });
});
