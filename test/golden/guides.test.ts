import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { entryOf, guides, type Place, pageText, sessionPages, shownIn } from '../guides/guides.ts';
import { root } from './session.ts';

describe.each(Object.keys(guides))('%s', (name) => {
  const shown = shownIn(pageText(name));

  it('shows nothing that no test runs, or that is not known to be left out', () => {
    const unknown = shown.filter((each) => entryOf(name, each) === undefined);
    expect(unknown.map(({ text }) => text)).toEqual([]);
  });

  it('has everything that tests are to run', () => {
    const used = new Set(shown.map((each) => entryOf(name, each)));
    expect(Object.keys(guides[name]!).filter((key) => !used.has(key))).toEqual([]);
  });

  it('says why what is not run is not', () => {
    for (const place of Object.values(guides[name]!)) if (typeof place === 'object') expect(place.not).toMatch(/^needs /);
  });

  it('has whole sessions where these are run as they stand', () => {
    const isSession = new Map(shown.map((each) => [entryOf(name, each), each.output !== '']));
    for (const [key, place] of Object.entries(guides[name]!))
      if (place === 'golden')
        expect({ key, runs: isSession.get(key) === true && sessionPages.includes(name) }).toEqual({ key, runs: true });
  });

  it('mentions no command or option that does not exist', async () => {
    const program = await createProgram(() => true);
    const text = pageText(name).replaceAll(/^(```[\s\S]*?^```$|<!--[\s\S]*?-->)/gm, '');
    const mentions = Array.from(text.matchAll(/`(?:kubectl )?sallyport ([^`]+)`/g), ([, words]) => words!.split(/\s+/));
    for (const words of mentions) {
      const command = program.commands.find((each) => each.name() === words[0]);
      expect(command?.name(), words.join(' ')).toBe(words[0]);
      const options = words.filter((word) => word.startsWith('-')).map((word) => word.replace(/=.*/, ''));
      for (const option of options) {
        const isKnown = command!.commands
          .concat(command!)
          .some((each) => each.options.some(({ short, long }) => option === short || option === long));
        expect({ words: words.join(' '), option, isKnown }).toEqual({ words: words.join(' '), option, isKnown: true });
      }
    }
  });
});

it('a command that nobody runs would be found', () => {
  const page = '# A guide\nDo this:\n\n    sallyport status shop/other   # and see\n';
  const [command] = shownIn(page);
  expect(command).toEqual({ text: 'sallyport status shop/other', isCommand: true, output: '' });
  expect(entryOf('docs/observe.md', command!)).toBeUndefined();
});

it.each<Place>(['kernel', 'apiserver', 'cluster'])('there is a test that runs what is for %s', (place) => {
  const text = readFileSync(join(root, `test/${place as string}/guides.test.ts`), 'utf8');
  expect(text).toContain(`new GuideReader('${place as string}')`);
  expect(text).toContain('expect(guide.left).toEqual([])');
});
