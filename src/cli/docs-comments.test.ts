import { expect, it } from 'vitest';
import { commentFinder } from './docs-comments.ts';

const above = (text: string, line: number, column = 1, file = 'a.yaml'): string | undefined =>
  commentFinder(() => text)({ file, line, column });

it('finds what stands directly above an object', () => {
  expect(above('# Who may\n# come in.\nkind: A\n', 3)).toBe('Who may come in.');
  expect(above('kind: A\n---\n# B.\nkind: B\n', 4)).toBe('B.');
});

it('takes nothing that is apart, of another kind, or about the file', () => {
  expect(above('# Apart.\n\nkind: A\n', 3)).toBeUndefined();
  expect(above('# Item.\n- kind: A\n', 2, 3)).toBeUndefined();
  expect(above('# Not YAML.\n{}\n', 2, 1, 'a.json')).toBeUndefined();
  expect(above('# yaml-language-server: $schema=a\n# Source: chart/templates/a.yaml\nkind: A\n', 3)).toBeUndefined();
  expect(above('# Copyright us.\n# Licensed under Apache 2.0.\nkind: A\n', 3)).toBeUndefined();
});
