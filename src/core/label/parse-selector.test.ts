import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleOf } from './example.ts';
import { parseSelector } from './parse-selector.ts';
import { matches, type Requirement, type Selector, selector } from './selector.ts';

const parsed = (text: string): Selector => {
  const result = parseSelector(text);
  if ('error' in result) throw new Error(result.error);
  return result;
};

describe('the text of a selector', () => {
  test.each<[string, string]>([
    ['', ''],
    [' ', ''],
    ['app=web', 'app=web'],
    ['app==web', 'app=web'],
    ['app = web , tier!=db', 'app=web,tier!=db'],
    ['app in (b, a)', 'app in (a,b)'],
    ['app in (a)', 'app=a'],
    ['app notin (a,b),example.com/x', 'app notin (a,b),example.com/x'],
    ['!legacy', '!legacy'],
    ['role=', 'role='],
    ['key in (,a)', 'key in (,a)'],
  ])('%o is %o', (text, key) => {
    expect(parsed(text).key).toBe(key);
  });

  test.each(['a=b=c', 'in (a)', 'a in b', 'a in (b', '=a', 'a,,b', 'a b', '(a)'])('%o is none', (text) => {
    expect(parseSelector(text)).toHaveProperty('error');
  });

  const word = fc.constantFrom('a', 'b', 'app', 'example.com/x', 'x-1');
  const value = fc.constantFrom('', 'a', 'b', 'v1.2');
  const requirement: fc.Arbitrary<Requirement> = fc.oneof(
    fc.record({ key: word, operator: fc.constantFrom('In' as const, 'NotIn' as const), values: fc.uniqueArray(value, { minLength: 1 }) }),
    fc.record({ key: word, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  );
  const requirements = fc.array(requirement, { maxLength: 4 });

  test('every canonical text is read as the selector that has it', () => {
    fc.assert(
      fc.property(requirements, (list) => {
        expect(parsed(selector(list).key)).toEqual(selector(list));
      }),
    );
  });

  test('an example satisfies its selector, and there is one whenever any labels do', () => {
    const labels = fc.dictionary(word, value);
    fc.assert(
      fc.property(requirements, labels, (list, given) => {
        const wanted = selector(list);
        const example = exampleOf(wanted);
        if (example !== undefined) expect(matches(wanted, example)).toBe(true);
        if (matches(wanted, given)) expect(example).toBeDefined();
      }),
    );
  });
});
