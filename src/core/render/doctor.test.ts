import { expect, test } from 'vitest';
import { examined, warning } from '../enforcement/examination.ts';
import { renderExamined } from './doctor.ts';
import { plain } from './palette.ts';

test('what others have written does not reach a terminal as it is', () => {
  const ill = { summary: 'mode iptables, v1\u001b[2J', hindrances: [warning('n1\u202e', 'look at it\u0007')] };
  expect(renderExamined(examined('kube-proxy', ill), { palette: plain }).join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
});
