import { execFileSync } from 'node:child_process';
import { closeSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNamespace, openNamespace, withNamespace } from './namespace.ts';

const where = () => readlinkSync('/proc/thread-self/ns/net');

describe.skipIf(process.getuid?.() !== 0)('network namespaces (need root)', () => {
  it('enters, runs children inside, and comes back', () => {
    const home = where();
    const fd = createNamespace();
    expect(where()).toBe(home);
    const inside = withNamespace(fd, where);
    expect(inside).not.toBe(home);
    expect(where()).toBe(home);
    const links = withNamespace(fd, () => execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }));
    expect(links.trim().split('\n')).toHaveLength(1);
    closeSync(fd);
  });

  it('nests, and comes back from an exception', () => {
    const home = where();
    const [a, b] = [createNamespace(), createNamespace()];
    const inA = withNamespace(a, where);
    expect(() =>
      withNamespace(a, () =>
        withNamespace(b, () => {
          throw new Error('inside');
        }),
      ),
    ).toThrow('inside');
    expect(withNamespace(a, () => [withNamespace(b, where), where()])[1]).toBe(inA);
    expect(where()).toBe(home);
    closeSync(a);
    closeSync(b);
  });

  it('opens a namespace by its path', () => {
    const fd = openNamespace('/proc/self/ns/net');
    expect(withNamespace(fd, where)).toBe(where());
    closeSync(fd);
  });

  it('refuses what is no namespace, and what would outlive the visit', () => {
    const home = where();
    expect(() => openNamespace('/run/netns/there-is-none')).toThrow('ENOENT');
    expect(() => withNamespace(0, where)).toThrow('setns: EINVAL');
    const fd = createNamespace();
    expect(() => withNamespace(fd, () => Promise.resolve())).toThrow('must be synchronous');
    expect(where()).toBe(home);
    closeSync(fd);
  });

  it('says what it needs to a user without the right', () => {
    const program = `import(${JSON.stringify(new URL('./namespace.ts', import.meta.url).href)}).then(n => n.createNamespace()).catch(e => console.log(e.name, e.need, e.message))`;
    const said = execFileSync(process.execPath, ['-e', program], { uid: 65534, gid: 65534, encoding: 'utf8' });
    expect(said).toMatch(/^MissingNeed root network namespaces need root/);
  });
});
