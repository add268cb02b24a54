import { closeSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CounterReader } from '#dataplane/counters.ts';
import { createNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';

describe.skipIf(process.getuid?.() !== 0)('counters read over netlink (needs root)', () => {
  let namespace: number;
  let reader: CounterReader;
  beforeAll(() => {
    namespace = createNamespace();
    reader = new CounterReader({ family: 'inet', name: 't' }, namespace);
  });
  afterAll(() => {
    reader.close();
    closeSync(namespace);
  });
  const nft = (script: string): Promise<string> => runNft({ namespace }, ['-f', '-'], script);

  test('there are none where there is no table', async () => {
    expect(await reader.read()).toEqual(new Map());
  });

  test('those of one table, with what they have counted, and nothing else that has a name', async () => {
    await nft('table inet t { counter a { packets 7 bytes 700 }; counter b { packets 5000000000 bytes 1 }; quota q { over 5 mbytes; }; }');
    await nft('table inet other { counter c { packets 9 bytes 9 }; }');
    expect(await reader.read()).toEqual(
      new Map([
        ['a', 7],
        ['b', 5_000_000_000],
      ]),
    );
  });

  test('thousands, in turns, and once for all who ask at the same time', async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `many-${index}`);
    await nft(names.map((name, index) => `add counter inet t ${name} { packets ${index} bytes 0 }`).join('\n'));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const [first, second] = await Promise.all([reader.read(), reader.read()]);
    clearInterval(timer);
    expect(first).toBe(second);
    expect(first.size).toBe(3002);
    expect(first.get('many-2999')).toBe(2999);
    expect(turns).toBeGreaterThan(0);
  });
});
