import type { Source } from '#core/api/diagnostic.ts';
import { lineFinder, type TextOf } from '#core/render/diagnostics.ts';

/** What tools write in comments, which says nothing of the object. */
const directive = /^(?:yaml-language-server|yamllint|prettier-ignore|Source: |\$schema|[-=*#]{3,})/;
/** A comment that holds one of these is about the file. */
const license = /copyright|licen[sc]ed under|SPDX-/i;

/** Finds the comment that stands directly above an object, as one paragraph: of a document of its own, from the first column. */
export function commentFinder(textOf: TextOf): (source: Source) => string | undefined {
  const lineAt = lineFinder(textOf);
  return ({ file, line, column }) => {
    if (column !== 1 || !/\.ya?ml$/.test(file)) return undefined;
    const words: string[] = [];
    for (let above = line - 1; above > 0; above--) {
      const text = lineAt({ file, line: above, column: 1 });
      if (!text?.startsWith('#')) break;
      const said = text.replace(/^#+/, '').trim();
      if (said !== '' && !directive.test(said)) words.unshift(said);
    }
    const text = words.join(' ');
    return text === '' || license.test(text) ? undefined : text;
  };
}
