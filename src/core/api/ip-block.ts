import { type AddressSet, addressesOf, subtractAddresses } from '../net/address-set.ts';
import { formatCidr, isWithin, parseCidr, type WrittenCidr } from '../net/cidr.ts';
import { formatIp, parseIpSloppy, widthOf } from '../net/ip.ts';
import { checkCidr } from './addresses.ts';
import type { FieldPath } from './diagnostic.ts';
import type { Faults } from './faults.ts';
import { list, type ReadOf, strict, string } from './reader.ts';

/** A block of addresses as it is written. Source: IPBlock in networking.k8s.io/v1. */
export const ipBlock = strict({ cidr: string, except: list(string) });

export type WrittenBlock = ReadOf<typeof ipBlock>;

/** Rules B1 to B4; `strictCidr` is the API server's StrictIPCIDRValidation. Source: ValidateIPBlock in Kubernetes. */
export function validateBlock({ cidr = '', except = [] }: WrittenBlock, path: FieldPath, strictCidr: boolean, faults: Faults): void {
  if (cidr === '') {
    faults.required([...path, 'cidr']);
    return;
  }
  const block = validateCidr(cidr, [...path, 'cidr'], strictCidr, faults);
  if (block === undefined) return;
  for (const [index, text] of except.entries()) {
    const exceptPath = [...path, 'except', index];
    const hole = validateCidr(text, exceptPath, strictCidr, faults);
    if (hole !== undefined && !isStrictSubset(hole, block)) faults.invalid(exceptPath, text, 'must be a strict subset of `cidr`');
  }
}

function validateCidr(text: string, path: FieldPath, strictCidr: boolean, faults: Faults): WrittenCidr | undefined {
  const written = parseCidr(text);
  faults.invalidEach(path, text, checkCidr(text));
  const complaint = strictCidr && written !== undefined ? strictComplaint(written) : undefined;
  if (complaint !== undefined) faults.invalid(path, text, complaint);
  return written;
}

/** Rule B3: the first that applies. */
function strictComplaint(written: WrittenCidr): string | undefined {
  if (written.leadingZeros) return 'must not have leading 0s in IP or prefix length';
  if (written.mapped) return 'must not have an IPv4-mapped IPv6 address';
  return written.hostBits ? 'must not have bits set beyond the prefix length' : undefined;
}

/** Prefix lengths are compared as written, also where one address is IPv4-mapped. Source: semantics.md section 1.5. */
function isStrictSubset(inner: WrittenCidr, outer: WrittenCidr): boolean {
  const { family } = inner.cidr;
  return isWithin({ ...inner.cidr, prefix: widthOf(family) }, outer.cidr) && inner.writtenPrefix > outer.writtenPrefix;
}

/** Warnings W1 to W3 of the texts that are CIDRs. Source: networkPolicyWarnings and GetWarningsForCIDR in Kubernetes. */
export function warnOfBlock({ cidr = '', except = [] }: WrittenBlock, path: FieldPath, faults: Faults): void {
  warnOfCidr(cidr, [...path, 'cidr'], faults);
  for (const [index, text] of except.entries()) warnOfCidr(text, [...path, 'except', index], faults);
}

function warnOfCidr(text: string, path: FieldPath, faults: Faults): void {
  const written = parseCidr(text);
  if (written === undefined) return;
  const network = formatCidr(written.cidr);
  if (written.hostBits) {
    const address = text.slice(0, text.indexOf('/'));
    const single = `${formatIp(parseIpSloppy(address)!)}/${address.includes(':') ? 128 : 32}`;
    faults.warning(path, `CIDR value "${text}" is ambiguous in this context (should be "${network}" or "${single}"?)`);
  }
  if (written.leadingZeros || written.mapped)
    faults.warning(path, `non-standard CIDR value "${text}" will be considered invalid in a future Kubernetes release: use "${network}"`);
  else if (!written.hostBits && !written.canonical)
    faults.warning(path, `IPv6 CIDR value "${text}" should be in RFC 5952 canonical format ("${network}")`);
}

/** The addresses that a valid block means, with its canonical texts. */
export function blockOf({ cidr = '', except = [] }: WrittenBlock): { cidr: string; except: string[]; addresses: AddressSet } {
  const block = parseCidr(cidr)!.cidr;
  const holes = except.map((text) => parseCidr(text)!.cidr);
  return { cidr: formatCidr(block), except: holes.map(formatCidr), addresses: subtractAddresses(addressesOf([block]), addressesOf(holes)) };
}
