import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { agentFlags } from './flags.ts';

test('the program as it is installed gives an agent the same flags', () => {
  const program = readFileSync(new URL('../../bin/sallyport', import.meta.url), 'utf8');
  expect(program).toContain(`agent) set -- ${agentFlags.join(' ')} "$program"`);
});
