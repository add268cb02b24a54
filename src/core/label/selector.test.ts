import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { everything, type Labels, labelsKey, matches, type Requirement, selector } from './selector.ts';
import { SelectorIndex } from './selector-index.ts';

const keys = ['app', 'tier', 'example.com/x'];
const values = ['', 'a', 'b'];

const labels: fc.Arbitrary<Labels> = fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values));
const key = fc.constantFrom(...keys);
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);
const requirements = fc.array(requirement, { maxLength: 3 });

/** The table of semantics.md section 2.1, row by row. */
function satisfies(each: Requirement, given: Labels): boolean {
  const value = new Map(Object.entries(given)).get(each.key);
  switch (each.operator) {
    case 'In':
      return value !== undefined && each.values.includes(value);
    case 'NotIn':
      return value === undefined || !each.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

test('a selector matches where every requirement is satisfied', () => {
  fc.assert(
    fc.property(requirements, labels, (list, given) => {
      expect(matches(selector(list), given)).toBe(list.every((each) => satisfies(each, given)));
    }),
  );
});

test('a selector without requirements matches everything', () => {
  fc.assert(
    fc.property(labels, (given) => {
      expect(matches(everything, given)).toBe(true);
    }),
  );
});

describe('keys', () => {
  test('equal keys select alike, and order and repetition do not matter', () => {
    fc.assert(
      fc.property(requirements, requirements, labels, (a, b, given) => {
        expect(selector([...a, ...b, ...a]).key).toBe(selector([...b, ...a]).key);
        if (selector(a).key === selector(b).key) expect(matches(selector(a), given)).toBe(matches(selector(b), given));
      }),
    );
  });

  test('labels that differ have different keys', () => {
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        expect(labelsKey(a) === labelsKey(b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
      }),
    );
  });

  const sorted = (given: Labels): [string, string][] => Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));
});

test('names that every object has are labels like any other', () => {
  const strange = selector([{ key: 'constructor', operator: 'Exists' }]);
  expect(matches(strange, {})).toBe(false);
  expect(matches(selector([{ key: 'toString', operator: 'DoesNotExist' }]), {})).toBe(true);
});

test('the index finds what trying every selector finds, also after some are gone', () => {
  const entries = fc.array(fc.tuple(requirements.map(selector), fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(entries, fc.array(labels, { maxLength: 6 }), (list, asked) => {
      const index = new SelectorIndex<number>();
      for (const [item, [each]] of list.entries()) index.add(each, item);
      for (const [item, [each, stays]] of list.entries()) if (!stays) index.delete(each, item);
      for (const given of asked) {
        const expected = list.flatMap(([each, stays], item) => (stays && matches(each, given) ? [item] : []));
        expect(index.match(given).sort((a, b) => a - b)).toEqual(expected);
      }
    }),
  );
});
