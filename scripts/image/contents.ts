import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DebianPackage, librariesOf, linksOf, type Unpacked, unpack } from './debian.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Every Debian package that something in the image comes from. Of each only what is needed is taken: the files below, the libraries that programs
 * are linked with, and its licence. There is no shell.
 */
export const debianPackages = [
  ...['base-files', 'gcc-12-base', 'iproute2', 'netbase', 'nftables'],
  ...['libbpf1', 'libbsd0', 'libc6', 'libcap2', 'libedit2', 'libelf1', 'libgcc-s1', 'libgmp10', 'libjansson4', 'libmd0', 'libmnl0'],
  ...['libnftables1', 'libnftnl11', 'libstdc++6', 'libtinfo6', 'libxtables12', 'zlib1g'],
] as const;

/** nft is the agent's; ip makes the links of the self-test of `doctor`; both know protocols by name; scanners ask what system this is. */
const programs = ['usr/sbin/nft', 'usr/bin/ip'];
const files = [...programs, 'etc/protocols', 'etc/services', 'etc/os-release', 'etc/debian_version'];

/** What the image runs, and with what words. */
export const node = '/usr/bin/node';
export const program = '/sallyport/sallyport.js';

/** Node of the version that `toolchain/package-lock.json` pins; brought when it is not there, as on a machine whose own Node is new enough. */
export function nodeProgram(): string {
  const toolchain = join(root, 'toolchain');
  const path = join(toolchain, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
  if (!existsSync(path)) execFileSync(join(toolchain, 'npm-ci'), [toolchain], { stdio: 'inherit' });
  return path;
}

/** Writes what changes seldom into a folder: Node, nft and what they need. `cache` keeps what was brought. */
export function writeBase(folder: string, cache: string): readonly DebianPackage[] {
  const unpacked = unpack(debianPackages, join(cache, 'debian'), join(cache, `unpacked-${process.pid}`));
  try {
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      mkdirSync(join(folder, 'usr', name), { recursive: true });
      symlinkSync(`usr/${name}`, join(folder, name));
    }
    const executables = [...programs.map((name) => join(unpacked.root, name)), nodeProgram()];
    const wanted = [...files, ...librariesOf(unpacked.root, executables), ...loaderLinks(unpacked.root)];
    const used = new Set<DebianPackage>();
    for (const path of wanted.flatMap((each) => linksOf(unpacked.root, each))) used.add(take(unpacked, path, folder));
    // Those that come in by this have theirs written, too.
    for (const each of used) used.add(writeLicence(unpacked, each.name, folder));
    const unused = unpacked.packages.filter((each) => !used.has(each));
    if (unused.length > 0) throw new Error(`nothing of ${unused.map(({ name }) => name).join(', ')} is needed`);
    for (const { name, control } of used) write(folder, `var/lib/dpkg/status.d/${name}`, statusOf(control));
    copy(nodeProgram(), join(folder, node));
    copy(join(nodeProgram(), '../../LICENSE'), join(folder, 'usr/share/doc/node/copyright'));
    write(folder, 'etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\n');
    write(folder, 'etc/group', 'root:x:0:\n');
    write(folder, 'etc/nsswitch.conf', 'hosts: files dns\n');
    mkdirSync(join(folder, 'tmp'));
    chmodSync(join(folder, 'tmp'), 0o1777);
    return unpacked.packages;
  } finally {
    rmSync(unpacked.root, { recursive: true, force: true });
  }
}

/** Where programs look for what loads their libraries. */
const loaderLinks = (tree: string): string[] => readdirSync(join(tree, 'usr/lib64')).map((name) => `usr/lib64/${name}`);

/** Copies one file or link, and says whose it is. */
function take({ root: tree, owners }: Unpacked, path: string, folder: string): DebianPackage {
  const owner = owners.get(path);
  if (owner === undefined) throw new Error(`${path} is in none of the packages`);
  copy(join(tree, path), join(folder, path));
  return owner;
}

/** What dpkg would keep of a package, where scanners look for it in images without dpkg. */
const statusOf = (control: string): string => control.replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed');

/** Writes the licence of a package, and says whose file it is: of some the whole folder is a link to that of another. */
function writeLicence(unpacked: Unpacked, name: string, folder: string): DebianPackage {
  const [, target] = linksOf(unpacked.root, `usr/share/doc/${name}`);
  const path = `${target ?? `usr/share/doc/${name}`}/copyright`;
  copy(join(unpacked.root, path), join(folder, `usr/share/doc/${name}/copyright`));
  return unpacked.owners.get(path)!;
}

/** Writes what is ours into a folder: the bundle in `bundle`, and koffi, which cannot be bundled. */
export function writeProgram(folder: string, bundle: string): void {
  rmSync(folder, { recursive: true, force: true });
  const home = join(folder, dirname(program));
  for (const name of readdirSync(bundle)) if (/\.c?js$/.test(name)) copy(join(bundle, name), join(home, name));
  write(home, 'package.json', '{ "type": "module" }\n');
  for (const name of koffiFiles()) copy(join(root, 'node_modules', name), join(home, 'node_modules', name));
  for (const name of ['LICENSE', 'CHANGELOG.md']) copy(join(root, name), join(folder, 'usr/share/doc/sallyport', name));
  // So that `kubectl exec … -- sallyport …` works without a shell.
  write(folder, 'usr/bin/sallyport', `#!${node}\nimport('${program}');\n`, 0o755);
}

/** Of koffi what runs here: its JavaScript, and its native part for this system. */
function koffiFiles(): string[] {
  const native = `@koromix/koffi-linux-${process.arch}`;
  const own = ['package.json', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs', 'LICENSE.txt'];
  return [
    ...own.map((name) => `koffi/${name}`),
    `${native}/package.json`,
    `${native}/index.js`,
    `${native}/linux_${process.arch}/koffi.node`,
  ];
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { verbatimSymlinks: true });
}

function write(folder: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text, { mode });
}

/** The npm packages that stand in the image as they are. */
export const nativePackages = (): readonly string[] => ['koffi', `@koromix/koffi-linux-${process.arch}`];
