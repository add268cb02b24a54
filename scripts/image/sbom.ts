import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DebianPackage } from './debian.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What went into an image. */
export interface Ingredients {
  readonly version: string;
  readonly commit: string | undefined;
  /** When it was made, in seconds since 1970. */
  readonly created: number;
  readonly debian: readonly DebianPackage[];
  /** Names of npm packages, each as it is installed here. */
  readonly npm: readonly string[];
  /** `process.versions` of the Node in the image: its own, and those of what is linked into it. */
  readonly node: Readonly<Record<string, string>>;
}

/** A part of a bill of materials. Source: CycloneDX 1.6, component. */
interface Component {
  readonly type: 'application' | 'library' | 'operating-system';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly object[];
  readonly properties?: readonly object[];
  readonly components?: readonly Component[];
}

/** The bill of materials of an image, as CycloneDX 1.6. The same ingredients give the same text, serial number included. */
export function billOfMaterials(ingredients: Ingredients): string {
  const { version, commit, created, debian, npm } = ingredients;
  const components = [...debian.map(ofDebian), ofNode(ingredients.node), ...npm.map(ofNpm)];
  const self: Component = {
    type: 'application',
    'bom-ref': 'sallyport',
    name: 'sallyport',
    version,
    purl: `pkg:npm/sallyport@${version}`,
    licenses: [{ license: { id: 'Apache-2.0' } }],
    ...(commit !== undefined && { properties: [{ name: 'sallyport:commit', value: commit }] }),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify([self, components]))
    .digest('hex');
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(digest)}`,
    version: 1,
    metadata: { timestamp: new Date(created * 1000).toISOString(), component: self },
    components,
    dependencies: [{ ref: 'sallyport', dependsOn: components.map((each) => each['bom-ref']) }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** Source of the form: purl-spec, type deb; scanners look notices up by the source package. */
function ofDebian({ name, version, architecture, source, sha256 }: DebianPackage): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    properties: [{ name: 'sallyport:debian-source', value: source }],
  };
}

function ofNpm(name: string): Component {
  const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
  const { version, license } = JSON.parse(text) as { readonly version: string; readonly license?: string };
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, ...(license !== undefined && { licenses: [{ expression: license }] }) };
}

function ofNode(versions: Readonly<Record<string, string>>): Component {
  const { node = '', ...linked } = versions;
  const parts = Object.entries(linked).filter(([name]) => !['modules', 'napi', 'cldr', 'unicode', 'tz'].includes(name));
  return {
    type: 'application',
    'bom-ref': `pkg:generic/node@${node}`,
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
    licenses: [{ license: { id: 'MIT' } }],
    components: parts.map(([name, version]) => ({ type: 'library', 'bom-ref': `node/${name}@${version}`, name, version })),
  };
}

/** A UUID of version 8, made of a digest. Source: RFC 9562, section 5.8. */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
