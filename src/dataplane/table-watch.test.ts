import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNamespace } from './namespace.ts';
import { runNft } from './nft-process.ts';
import { TableWatch } from './table-watch.ts';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('a watched table (needs root)', () => {
  let namespace: number;
  let deletions: number;
  let watch: TableWatch;
  beforeEach(async () => {
    namespace = createNamespace();
    deletions = 0;
    await nft(ours);
    watch = new TableWatch('ours', () => deletions++, namespace);
  });
  afterEach(() => {
    watch.close();
    closeSync(namespace);
  });

  const nft = (script: string): Promise<string> => runNft({ namespace }, ['-f', '-'], script);
  const rules = Array.from({ length: 300 }, (_, index) => `chain c${index} { ip saddr 10.0.0.${index % 250} counter drop; }`);
  const ours = `table inet ours { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 }; }; ${rules.join('; ')}; }`;
  const until = async (count: number): Promise<void> => {
    for (const deadline = Date.now() + 5000; deletions < count; await sleep(5))
      if (Date.now() > deadline) throw new Error('nothing was told');
  };

  test.each(['delete table inet ours', 'flush ruleset'])('is told to be gone after `%s`, each time', async (command) => {
    await nft(command);
    await until(1);
    await nft(ours);
    await nft(command);
    await until(2);
    expect(deletions).toBe(2);
  });

  test('is not told to be gone when its parts or other tables are', async () => {
    await nft('delete element inet ours s { 10.0.0.1 }\nflush chain inet ours c1\ndelete chain inet ours c1\ndelete set inet ours s');
    await nft('add table inet other { chain c { drop; }; }\nadd table ip ours2');
    await nft('delete table inet other');
    await sleep(100);
    expect(deletions).toBe(0);
  });
});
