import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubernetesObject } from '#core/api/types.ts';
import type { Family } from '#core/net/ip.ts';
import type { Protocol } from '#core/net/protocol.ts';
import type { RawCluster } from '../reference/raw.ts';
import { decodeRaw } from './decode-raw.ts';

/** One connection and what must become of it. */
export interface Check {
  /** `namespace/pod` or an address. */
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly family?: Family;
  readonly expect: 'allow' | 'deny';
  readonly why: string;
}

/** A case of `semantics.yaml`: a cluster with policies, and checks. Every judge runs over the same cases. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** The implementation choice that the case depends on, `name=value`. */
  readonly choice?: string;
  /** The case as written, for the reference evaluator. */
  readonly raw: RawCluster;
  /** The case through the door. */
  readonly objects: readonly KubernetesObject[];
  readonly checks: readonly Check[];
}

/** All cases of a file in this directory. */
export function loadCases(file = 'semantics.yaml'): Case[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const written = parse(text, { maxAliasCount: -1 }) as (RawCluster & Omit<Case, 'raw' | 'objects'>)[];
  return written.map(({ id, title, tags, choice, checks, ...raw }) => ({
    id,
    title,
    tags,
    ...(choice !== undefined && { choice }),
    raw,
    objects: decodeRaw(raw),
    checks,
  }));
}

/** The two addresses of a check, by the family rule of the command line: that of an address end, else of the destination's first address. */
export function addressesOfCheck({ raw }: Case, { from, to, family }: Check): { from: string; to: string } {
  const podAt = (end: string) => raw.pods.find(({ ns, name }) => `${ns}/${name}` === end);
  const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);
  const isAddress = (end: string): boolean => podAt(end) === undefined;
  const chosen = family ?? familyOf(isAddress(to) ? to : isAddress(from) ? from : podAt(to)!.ips[0]!);
  const addressOf = (end: string): string => podAt(end)?.ips.find((ip) => familyOf(ip) === chosen) ?? end;
  return { from: addressOf(from), to: addressOf(to) };
}
