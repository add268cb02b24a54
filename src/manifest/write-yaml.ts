import { resolvePlain } from './plain-scalar.ts';

/** What manifests are made of. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** Writes a value of plain objects, lists and scalars as YAML, a line for each field and list item. */
export function writeYaml(value: unknown): string {
  return `${linesOf(value as Value).join('\n')}\n`;
}

/** The lines of a value, the first of them without indentation. */
function linesOf(value: Value): string[] {
  if (typeof value !== 'object' || value === null) return [scalarText(value)];
  if (isList(value)) return value.length === 0 ? ['[]'] : value.flatMap((item) => below('- ', linesOf(item)));
  const fields = Object.entries(value);
  return fields.length === 0 ? ['{}'] : fields.flatMap(([key, field]) => fieldLines(`${scalarText(key)}:`, field));
}

function fieldLines(key: string, value: Value): string[] {
  const lines = linesOf(value);
  const isNested = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return isNested ? [key, ...lines.map((line) => `  ${line}`)] : [`${key} ${lines[0]}`];
}

const below = (mark: string, [first, ...others]: readonly string[]): string[] => [
  `${mark}${first}`,
  ...others.map((line) => `${' '.repeat(mark.length)}${line}`),
];

/** Texts that mean something else without quotes get them; YAML reads the quotes of JSON. */
function scalarText(value: string | number | boolean | null): string {
  const isPlain = typeof value !== 'string' || (plain.test(value) && resolvePlain(value) === value);
  return isPlain ? String(value) : JSON.stringify(value);
}

/** Names, addresses, blocks and ports, whose characters mean nothing to YAML there. */
const plain = /^[A-Za-z0-9_/.][A-Za-z0-9_/.-]*(:[A-Za-z0-9_/.:-]*[A-Za-z0-9_/.-])?$/;

const isList = (value: object): value is readonly Value[] => Array.isArray(value);
