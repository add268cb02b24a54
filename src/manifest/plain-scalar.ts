/** What a plain YAML scalar can be. */
export type Scalar = null | boolean | number | string;

const words = new Map<string, Scalar>(
  (
    [
      [null, ['', '~', 'null', 'Null', 'NULL']],
      [true, ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']],
      [false, ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']],
      [Number.NaN, ['.nan', '.NaN', '.NAN']],
      [Number.POSITIVE_INFINITY, ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']],
      [Number.NEGATIVE_INFINITY, ['-.inf', '-.Inf', '-.INF']],
    ] as const
  ).flatMap(([value, spellings]) => spellings.map((spelling) => [spelling, value] as const)),
);

const longestWord = 5;
const integer = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const greatestUnsigned = 2n ** 64n;

/**
 * What an unquoted scalar means to Kubernetes, which reads YAML 1.1 as Go's parser does: `yes` is true, `010` is 8, `8_0` is 80,
 * `1:30` and dates are texts. Source: semantics.md section 1.3; resolve.go of sigs.k8s.io/yaml.
 */
export function resolvePlain(text: string): Scalar {
  if (text.length <= longestWord) {
    const word = words.get(text);
    if (word !== undefined) return word;
  }
  const first = text.charCodeAt(0);
  // Go ignores `_` after a digit or a sign, not after a point: `1_0` is 10, `.1_0` a text.
  if (first === 0x2e) return floatOf(text) ?? text;
  const isNumeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d;
  return isNumeric ? (numberOf(text.replaceAll('_', '')) ?? text) : text;
}

const numberOf = (digits: string): number | undefined => integerOf(digits) ?? floatOf(digits);

/** A whole number that 64 bits hold, as Go reads it: a leading 0 makes it octal. */
function integerOf(digits: string): number | undefined {
  const [, sign, magnitude] = integer.exec(digits) ?? [];
  if (magnitude === undefined) return undefined;
  const value = BigInt(magnitude.replace(/^0(?=[0-7])/, '0o').toLowerCase());
  const fits = sign === '-' ? value <= greatestUnsigned / 2n : value < greatestUnsigned;
  return fits ? Number(sign === '-' ? -value : value) : undefined;
}

/** Go's parser takes a number out of range for a text, and JSON has no negative zero. */
function floatOf(digits: string): number | undefined {
  const value = float.test(digits) ? Number(digits) : Number.NaN;
  return Number.isFinite(value) ? value + 0 : undefined;
}
