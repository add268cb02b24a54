import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of a certificate and its key. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** `/O=group/CN=user`. */
  readonly subject: string;
  /** Of a server: `DNS:localhost`, `IP:127.0.0.1`. */
  readonly names?: readonly string[];
  /** How long it is valid; -1 gives one that has expired. */
  readonly days?: number;
}

/** Signs certificates, with openssl: Node reads certificates and makes none. */
export class Authority {
  readonly certificate: string;
  readonly #key: string;
  readonly #directory: string;

  constructor(directory: string, name: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#key = makeKey(join(directory, `${name}.key`));
    this.certificate = join(directory, `${name}.crt`);
    openssl('req', '-x509', '-new', '-key', this.#key, '-subj', `/CN=${name}`, '-days', '30', '-out', this.certificate);
  }

  issue(name: string, { subject, names = [], days = 30 }: CertificateOptions): Certificate {
    const path = (extension: string): string => join(this.#directory, `${name}.${extension}`);
    const key = makeKey(path('key'));
    const extension = names.length > 0 ? `subjectAltName=${names.join()}\nextendedKeyUsage=serverAuth` : 'extendedKeyUsage=clientAuth';
    writeFileSync(path('ext'), `${extension}\n`);
    openssl('req', '-new', '-key', key, '-subj', subject, '-out', path('csr'));
    const authority = ['-CA', this.certificate, '-CAkey', this.#key, '-CAcreateserial'];
    openssl('x509', '-req', '-in', path('csr'), ...authority, '-days', String(days), '-extfile', path('ext'), '-out', path('crt'));
    return { certificate: path('crt'), key };
  }
}

/** An elliptic key: made in no time. */
export function makeKey(path: string): string {
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path);
  return path;
}

export function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}
