/**
 * The lines of a JSON text, made as they are asked for. Lists that stand directly in the answer get a line for each item, so
 * that a large answer can be streamed and two answers can be compared line by line; keys keep their order.
 */
export function* renderJson(value: unknown): Iterable<string> {
  if (Array.isArray(value)) yield* renderList('', value, '');
  else if (isRecord(value)) yield* renderRecord(value);
  else yield JSON.stringify(value);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function* renderRecord(record: Record<string, unknown>): Iterable<string> {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined);
  if (fields.length === 0) {
    yield '{}';
    return;
  }
  yield '{';
  for (const [index, [name, value]] of fields.entries()) {
    const end = index === fields.length - 1 ? '' : ',';
    const start = `  ${JSON.stringify(name)}: `;
    if (isIterable(value)) yield* renderList(start, value, end, '  ');
    else yield `${start}${JSON.stringify(value)}${end}`;
  }
  yield '}';
}

const isIterable = (value: unknown): value is Iterable<unknown> => isRecord(value) && Symbol.iterator in value;

function* renderList(start: string, items: Iterable<unknown>, end: string, indent = ''): Iterable<string> {
  let previous: string | undefined;
  for (const item of items) {
    yield previous === undefined ? `${start}[` : `${previous},`;
    previous = `${indent}  ${JSON.stringify(item)}`;
  }
  if (previous === undefined) yield `${start}[]${end}`;
  else {
    yield previous;
    yield `${indent}]${end}`;
  }
}

/** One answer as JSON that people read: every field has its line. */
export function* renderIndentedJson(value: object): Iterable<string> {
  yield JSON.stringify(value, undefined, 2);
}
