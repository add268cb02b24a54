import { describe, expect, it } from 'vitest';
import { readMessages } from './netlink.ts';
import { encodeBatch, isNetlinkTransaction } from './table-change.ts';

const accept = { do: 'verdict', verdict: { to: 'accept' } } as const;

describe('transactions without nft', () => {
  it('have elements, removals and simple rules only', () => {
    const remove = { change: 'remove', kind: 'chain', name: 'a' };
    expect(isNetlinkTransaction([])).toBe(true);
    expect(isNetlinkTransaction([remove, { change: 'add' }, { change: 'replace', rules: [{ expressions: [accept] }] }])).toBe(true);
    expect(isNetlinkTransaction([remove, { change: 'create' }])).toBe(false);
    expect(isNetlinkTransaction([{ change: 'replace', rules: [{ expressions: [accept], comment: 'why' }] }])).toBe(false);
    expect(isNetlinkTransaction([{ change: 'replace', rules: [{ expressions: [{ do: 'count' }] }] }])).toBe(false);
  });

  it('are one batch that asks for one answer, and know which change a message came from', () => {
    const changes = [
      {
        change: 'add',
        set: 's',
        types: ['ipv4_addr'],
        elements: Array.from({ length: 5000 }, (_, index) => [`10.0.${index >> 8}.${index & 255}`] as const),
      },
      { change: 'replace', chain: 'c', rules: [{ expressions: [accept] }, { expressions: [accept] }] },
    ] as const;
    const { bytes, origins } = encodeBatch({ family: 'inet', name: 't' }, changes)!;
    const messages = readMessages(bytes);
    expect(messages.map(({ type }) => type)).toEqual([0x10, 0xa0c, 0xa0c, 0xa08, 0xa06, 0xa06, 0x11]);
    expect(messages.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(origins).toEqual([undefined, changes[0], changes[0], changes[1], changes[1], changes[1], undefined]);
  });

  it('are nothing when nothing changes', () => {
    expect(encodeBatch({ family: 'inet', name: 't' }, [])).toBeUndefined();
    expect(encodeBatch({ family: 'inet', name: 't' }, [{ change: 'add', set: 's', types: ['ipv4_addr'], elements: [] }])).toBeUndefined();
  });
});
