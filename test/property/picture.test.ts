import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawPicture } from '#core/render/draw-picture.ts';
import type { Link, Picture, Thing } from '#core/render/picture.ts';

const links: readonly Link[] = [
  { label: 'all', look: 'open' },
  { label: 'TCP/80', look: 'rule' },
  { label: 'UDP/53', look: 'some' },
];

// Few, so that hardly any node counts names instead of listing them.
const sketch = fc.integer({ min: 1, max: 9 }).chain((size) =>
  fc.record({
    things: fc.array(
      fc.record({ box: fc.constantFrom('shop', 'blog', 'ops', undefined, undefined), hasSelf: fc.boolean(), isOutside: fc.boolean() }),
      { minLength: size, maxLength: size },
    ),
    // Mostly one link, so that much is alike.
    cells: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 1, 2, undefined), { minLength: size * size, maxLength: size * size }),
    isFull: fc.boolean(),
  }),
);

const apartInBox = {
  things: (['shop', 'shop', 'shop', undefined] as const).map((box) => ({ box, hasSelf: false, isOutside: false })),
  cells: [0, 0, undefined, 0, 0, 0, 0, 0, undefined, 0, 0, 0, 0, 0, 0, 0] as (0 | undefined)[],
  isFull: false,
};

const closedWithin = {
  things: [false, true, true].map((hasSelf) => ({ box: 'ops' as const, hasSelf, isOutside: false })),
  cells: [0, 0, 0, 0, undefined, 0, 0, 0, undefined] as (0 | undefined)[],
  isFull: false,
};

test('a picture says what the links say, and nothing else', () => {
  fc.assert(
    fc.property(sketch, ({ things, cells, isFull }) => {
      const drawn = things.map(
        ({ box, hasSelf, isOutside }, index): Thing =>
          box === undefined
            ? { name: `t${index}`, shape: isOutside ? 'outside' : 'namespace', hasSelf }
            : { name: `t${index}`, shape: 'workload', box, hasSelf },
      );
      const linkOf = (from: number, to: number): Link | undefined => {
        if (from === to && !drawn[from]!.hasSelf) return undefined;
        const cell = isFull ? 0 : cells[from * things.length + to];
        return cell === undefined ? undefined : links[cell];
      };
      const wanted = new Set<string>();
      for (const [from] of drawn.entries())
        for (const [to] of drawn.entries()) {
          const link = linkOf(from, to);
          if (link !== undefined) wanted.add(`t${from} t${to} ${link.label} ${link.look === 'some'}`);
        }
      const picture = drawPicture(drawn, linkOf, 'everyone');
      // Names that are only counted cannot be read back.
      fc.pre(
        ![...picture.nodes, ...picture.boxes.flatMap(({ nodes }) => nodes)].some(
          ({ lines, members }) => !members && lines.some((line) => /^and \d+ more$/.test(line)),
        ),
      );
      expect(new Set(read(picture, drawn))).toEqual(wanted);
    }),
    {
      numRuns: 3000,
      // Those who may talk to everybody but each other are not among everybody, whether they are pods of one workload or two workloads.
      examples: [[closedWithin], [apartInBox]],
    },
  );
});

/** What a reader takes from a picture: `from to label isSome` of every pair. */
function* read({ boxes, nodes, edges }: Picture, things: readonly Thing[]): Iterable<string> {
  const members = new Map<string, readonly string[]>();
  const isTold = (line: string): boolean => line.startsWith('(');
  for (const node of [...nodes, ...boxes.flatMap((box) => box.nodes)])
    members.set(
      node.id,
      node.lines.filter((line) => !isTold(line)),
    );
  for (const set of nodes)
    if (set.members !== undefined)
      members.set(
        set.id,
        set.members.flatMap((id) => members.get(id)!),
      );
  for (const box of boxes)
    members.set(
      box.id,
      box.nodes.flatMap(({ id }) => members.get(id)!),
    );
  const everyone = things.filter(({ shape }) => shape === 'workload' || shape === 'namespace');
  members.set(
    'everyone',
    everyone.map(({ name }) => name),
  );
  const hasSelf = new Set(things.filter((thing) => thing.hasSelf).map(({ name }) => name));
  const pairs = function* (from: readonly string[], to: readonly string[], text: string): Iterable<string> {
    for (const a of from) for (const b of to) if (a !== b) yield `${a} ${b} ${text}`;
  };
  const selves = function* (names: readonly string[], text: string): Iterable<string> {
    for (const name of names) if (hasSelf.has(name)) yield `${name} ${name} ${text}`;
  };
  const told = function* (line: string, names: readonly string[]): Iterable<string> {
    const [, kind, label, some] = /^\(?(within each|within|with each other|among them): (.*?)( for some)?\)?$/.exec(line)!;
    const text = `${label} ${some !== undefined}`;
    if (kind !== 'with each other') yield* selves(names, text);
    if (kind === 'with each other' || kind === 'among them') yield* pairs(names, names, text);
  };
  for (const node of [...nodes, ...boxes.flatMap((box) => box.nodes)])
    for (const line of node.lines.filter(isTold)) yield* told(line, members.get(node.id)!);
  for (const { note, id } of boxes) if (note !== undefined) yield* told(note, members.get(id)!);
  for (const { from, to, isMutual, label, look } of edges) {
    yield* pairs(members.get(from)!, members.get(to)!, `${label} ${look === 'some'}`);
    if (isMutual) yield* pairs(members.get(to)!, members.get(from)!, `${label} ${look === 'some'}`);
  }
}
