import { describe, expect, it } from 'vitest';
import { readComplaint } from './nft-error.ts';

// What nft 1.0.6 says, word for word.
describe('what nft says', () => {
  it('of a syntax error', () => {
    const said = '/dev/stdin:4:6-6: Error: syntax error, unexpected newline, expecting string\nbogus\n     ^\n';
    expect(readComplaint(said)).toMatchObject({
      kind: 'rejected',
      line: 4,
      message: 'syntax error, unexpected newline, expecting string: bogus',
      detail: said,
    });
  });

  it('of something missing, in an included file', () => {
    const said = [
      'In file included from <cmdline>:1:1-26:',
      '/proc/self/fd/3:2:27-33: Error: Could not process rule: No such file or directory',
      'delete element inet t s { 1.2.3.4 }',
      '                          ^^^^^^^',
      '/proc/self/fd/3:3:1-2: Error: Could not process rule: File exists',
      '',
    ].join('\n');
    expect(readComplaint(said)).toMatchObject({
      kind: 'not-found',
      line: 2,
      message: 'No such file or directory: delete element inet t s { 1.2.3.4 }',
    });
  });

  it('of something missing, with a guess', () => {
    const said =
      'sc:5:19-20: Error: No such file or directory; did you mean set ‘s’ in table inet ‘t’?\ndelete set inet t zz\n                  ^^\n';
    expect(readComplaint(said)).toMatchObject({ kind: 'not-found', line: 5 });
  });

  it('to a user without the right', () => {
    const said = 'netlink: Error: cache initialization failed: Operation not permitted\n';
    expect(readComplaint(said)).toMatchObject({ name: 'MissingNeed', need: 'root' });
  });

  it('when it is content', () => {
    expect(readComplaint('')).toBeUndefined();
    expect(readComplaint('# Warning: table ip nat is managed by iptables-nft, do not touch!\n')).toBeUndefined();
  });
});
