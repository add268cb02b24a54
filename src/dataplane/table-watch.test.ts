import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNamespace } from './namespace.ts';
import { NetlinkTable } from './netlink-table.ts';
import { type Nft, openNft } from './nft.ts';
import { runNft } from './nft-process.ts';
import { TableWatch } from './table-watch.ts';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('a watched table (needs root)', () => {
  let namespace: number;
  let deletions: number;
  let watch: TableWatch;
  let own: Nft;
  let writer: NetlinkTable;
  beforeEach(async () => {
    namespace = createNamespace();
    deletions = 0;
    await nft(ours);
    own = openNft({ namespace });
    writer = new NetlinkTable({ family: 'inet', name: 'ours' }, namespace);
    const onDeletion = (): void => void deletions++;
    watch = new TableWatch({ table: 'ours', namespace, writer: writer.port, isOwn: (port) => own.isOwn(port), onDeletion });
  });
  afterEach(() => {
    watch.close();
    own.close();
    writer.close();
    closeSync(namespace);
  });

  const nft = (script: string): Promise<string> => runNft({ namespace }, ['-f', '-'], script);
  const rules = Array.from({ length: 300 }, (_, index) => `chain c${index} { ip saddr 10.0.0.${index % 250} counter drop; }`);
  const ours = `table inet ours { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 }; }; ${rules.join('; ')}; }`;
  const others = 'table inet other { chain c { drop; }; set s { type ipv4_addr; elements = { 10.0.0.1 }; }; }\ntable ip ours2 { }';
  const until = async (count: number): Promise<void> => {
    for (const deadline = Date.now() + 5000; deletions < count; await sleep(5))
      if (Date.now() > deadline) throw new Error('nothing was told');
  };

  test.each([
    'delete table inet ours',
    'flush ruleset',
    'flush table inet ours',
  ])('is told to be harmed by `%s`, each time', async (command) => {
    await nft(command);
    await until(1);
    await nft(ours);
    await nft(command);
    await until(2);
    expect(deletions).toBe(2);
  });

  test.each([
    'flush chain inet ours c1',
    'flush chain inet ours c1\ndelete chain inet ours c1',
    'delete set inet ours s',
    'delete element inet ours s { 10.0.0.1 }',
    'flush set inet ours s',
  ])('is told to be harmed by `%s`', async (command) => {
    await nft(`${others}\nadd chain inet other d`);
    await nft(`delete chain inet other d\n${command}`);
    await until(1);
  });

  test('is not told to be harmed by what is put in, nor by what becomes of other tables', async () => {
    await nft(`${others}\nadd element inet ours s { 10.0.0.3 }\nadd rule inet ours c1 accept\nadd chain inet ours mine`);
    await nft('delete element inet other s { 10.0.0.1 }\nflush chain inet other c\ndelete table ip ours2');
    await nft('delete table inet other');
    await sleep(100);
    expect(deletions).toBe(0);
  });

  test('is told to be harmed when the table goes, whoever seems to have done it', async () => {
    await own.run('delete table inet ours');
    await until(1);
  });

  test('is not told to be harmed by our own changes', async () => {
    await own.run('flush chain inet ours c1\ndelete chain inet ours c1');
    await own.run(`${'# a long script gets a process of its own\n'.repeat(2000)}flush chain inet ours c2`);
    writer.commit([{ change: 'replace', chain: 'c3', rules: [] }]);
    writer.commit([{ change: 'remove', kind: 'chain', name: 'c3' }]);
    await sleep(100);
    expect(deletions).toBe(0);
  });
});
