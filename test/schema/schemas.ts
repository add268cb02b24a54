import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** A JSON schema, or a part of one, as far as tests look into it. */
export interface Schema {
  readonly $id?: string;
  readonly $schema?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly allOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
  readonly unevaluatedProperties?: boolean;
}

const folder = join(import.meta.dirname, '../../schema');

/** What the schemas are identified by, before the names of their files. */
export const base = 'https://unpkg.com/sallyport/schema/';

/** The published schemas by the names of their files without `.schema.json`. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  readdirSync(folder)
    .sort()
    .map((file) => [file.replace('.schema.json', ''), JSON.parse(readFileSync(join(folder, file), 'utf8')) as Schema]),
);

const ajv = new Ajv2020({ strict: true, strictTypes: true, strictTuples: true, allErrors: true });
for (const schema of schemas.values()) ajv.addSchema(schema);

/** What a schema has to say against a value, each fault with its place; empty for a value that it describes. */
export function faultsOf(name: string, value: unknown): string[] {
  const validate = ajv.getSchema(`${base}${name}.schema.json`);
  if (validate === undefined) throw new Error(`there is no schema ${name}`);
  // What a reader gets is what JSON keeps of it.
  validate(JSON.parse(JSON.stringify(value)));
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}

/** The part that `$ref` means, with the schema in which its own references hold. */
function follow(reference: string, within: string): { readonly part: Schema; readonly within: string } {
  const [file = '', pointer = ''] = reference.split('#');
  const name = file === '' ? within : file.replace('.schema.json', '');
  const part = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], schemas.get(name));
  return { part: part as Schema, within: name };
}

/** The part at a reference such as `check.schema.json#/$defs/gate`. */
export const partAt = (reference: string): Schema => follow(reference, '').part;

/** The fields that a part describes, those of what it refers to among them, and whether they are always there. */
export function fieldsOf(reference: string, within = ''): Record<string, 'required' | 'optional'> {
  const found = follow(reference, within);
  const { properties = {}, required = [], $ref, allOf = [] } = found.part;
  const inherited = [$ref, ...allOf.map((each) => each.$ref)].filter((each) => each !== undefined);
  const own = Object.keys(properties).map((name) => [name, required.includes(name) ? 'required' : 'optional'] as const);
  return Object.assign({}, ...inherited.map((each) => fieldsOf(each, found.within)), Object.fromEntries(own));
}

/** Every part of the schema below it, with its place. */
export function* partsOf(part: Schema, place = ''): Generator<readonly [place: string, part: Schema]> {
  yield [place, part];
  for (const [key, value] of Object.entries(part))
    if (typeof value === 'object' && value !== null && key !== 'enum') yield* partsOf(value as Schema, `${place}/${key}`);
}
