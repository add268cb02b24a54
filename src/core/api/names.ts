/** Why a text is not what it should be: the API server's words, one for each broken rule. Empty: it is valid. */
export type Complaints = readonly string[];

type Check = (text: string) => Complaints;

const none: Complaints = [];

const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const label1035Format = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValueFormat = `(${qualifiedFormat})?`;

const whole = (format: string): RegExp => new RegExp(`^${format}$`);
const subdomainPattern = whole(subdomainFormat);
const qualifiedPattern = whole(qualifiedFormat);

const describe = (rule: string, format: string, examples: readonly string[]): string =>
  `${rule} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${format}')`;

const tooLong = (limit: number): string => `must be no more than ${limit} characters`;

/** The length of a text in UTF-8: what Go counts. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair is counted as two of the pair's four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}

const exceeds = (text: string, limit: number): boolean => text.length * 3 > limit && byteLength(text) > limit;

/** The check of a text of limited length and a given format. */
function checkOf(format: string, limit: number, complain: (text: string) => string): Check {
  const pattern = whole(format);
  return (text) => {
    const long = exceeds(text, limit);
    const matches = pattern.test(text);
    return long || !matches ? [...(long ? [tooLong(limit)] : []), ...(matches ? [] : [complain(text)])] : none;
  };
}

/** RFC 1123 subdomain: the names of most objects. Source: IsDNS1123Subdomain in apimachinery. */
export const checkSubdomain: Check = checkOf(subdomainFormat, 253, () =>
  describe(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    subdomainFormat,
    ['example.com'],
  ),
);

/** RFC 1123 label: the names of namespaces. Source: IsDNS1123Label in apimachinery. */
export const checkLabel: Check = checkOf(labelFormat, 63, (text) =>
  subdomainPattern.test(text)
    ? 'must not contain dots'
    : describe(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        labelFormat,
        ['my-name', '123-abc'],
      ),
);

/** RFC 1035 label: the names of Services. Source: IsDNS1035Label in apimachinery. */
export const check1035Label: Check = checkOf(label1035Format, 63, () =>
  describe(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    label1035Format,
    ['my-name', 'abc-123'],
  ),
);

/** Value of a label. Source: IsValidLabelValue in apimachinery, rule W of semantics.md section 1.4. */
export const checkLabelValue: Check = checkOf(labelValueFormat, 63, () =>
  describe(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    labelValueFormat,
    ['MyValue', 'my_value', '12345'],
  ),
);

/** The check of a prefix to which the API server adds letters: a dash may end it. Source: maskTrailingDash in apimachinery. */
export const checkPrefix = (check: Check, prefix: string): Complaints =>
  check(prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix);

/** Qualified name: keys of labels. Source: IsQualifiedName in apimachinery, rule K of semantics.md section 1.4. */
export function checkQualifiedName(text: string): Complaints {
  const parts = text.split('/');
  if (parts.length > 2)
    return [`a qualified name ${qualifiedRule()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1)!;
  const complaints: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0]!;
    const faults = prefix === '' ? ['must be non-empty'] : checkSubdomain(prefix);
    complaints.push(...faults.map((fault) => `prefix part ${fault}`));
  }
  if (name === '') complaints.push('name part must be non-empty');
  else if (exceeds(name, 63)) complaints.push(`name part ${tooLong(63)}`);
  if (!qualifiedPattern.test(name)) complaints.push(`name part ${qualifiedRule()}`);
  return complaints;
}

const qualifiedRule = (): string =>
  describe(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    qualifiedFormat,
    ['MyName', 'my.name', '123-abc'],
  );

/** Number of a port. Source: IsValidPortNum in apimachinery. */
export const checkPortNumber = (port: number): Complaints =>
  port >= 1 && port <= 65535 ? none : ['must be between 1 and 65535, inclusive'];

/** Name of a port, RFC 6335. Source: IsValidPortName in apimachinery, rule P7 of semantics.md section 1.4. */
export function checkPortName(text: string): Complaints {
  const complaints: string[] = [];
  if (exceeds(text, 15)) complaints.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(text)) complaints.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) complaints.push('must contain at least one letter (a-z)');
  if (text.includes('--')) complaints.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) complaints.push('must not begin or end with a hyphen');
  return complaints;
}
