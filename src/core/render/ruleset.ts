import { printElement, printRule, printVerdict } from '../ruleset/print.ts';
import { type RulesetObject, table } from '../ruleset/types.ts';

/** A node's ruleset as JSON: rules and verdicts as nft writes them. */
export function* rulesetJson(node: string, objects: Iterable<RulesetObject>): Iterable<string> {
  yield '{';
  yield `  "node": ${JSON.stringify(node)},`;
  yield `  "table": ${JSON.stringify(table)},`;
  yield '  "objects": [';
  let previous: string | undefined;
  for (const object of objects) {
    if (previous !== undefined) yield `${previous},`;
    previous = `    ${JSON.stringify(jsonOf(object))}`;
  }
  if (previous !== undefined) yield previous;
  yield '  ]';
  yield '}';
}

function jsonOf(object: RulesetObject): object {
  const { kind, name, comment } = object;
  const named = { kind, name, ...(comment !== undefined && { comment }) };
  switch (kind) {
    case 'chain':
      return { ...named, ...(object.hook && { hook: object.hook }), rules: object.rules.map(printRule) };
    case 'set':
      return {
        ...named,
        types: object.types,
        interval: object.interval,
        elements: Array.from(object.elements, (key) => printElement(key)),
      };
    case 'map':
      return {
        ...named,
        types: object.types,
        interval: object.interval,
        elements: Object.fromEntries(Array.from(object.elements, ([key, verdict]) => [key, printVerdict(verdict)])),
      };
    case 'counter':
      return named;
  }
}
