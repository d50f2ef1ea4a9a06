import { parser } from '@prometheus-io/lezer-promql';

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
}

export interface LabelMatcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** What a query names, and the pieces of it that are not PromQL (empty for a valid one). */
export interface QueryParts {
  readonly errors: readonly string[];
  readonly selectors: readonly Selector[];
  /** Labels in by, without, on, ignoring and group_left lists. */
  readonly grouping: readonly string[];
  readonly functions: readonly string[];
  readonly numbers: readonly string[];
}

/** Takes a query apart with the grammar of Prometheus' own editor. Variables of Grafana must be replaced before. */
export function parseQuery(query: string): QueryParts {
  const errors: string[] = [];
  const selectors: { metric: string; matchers: LabelMatcher[] }[] = [];
  const grouping: string[] = [];
  const functions: string[] = [];
  const numbers: string[] = [];
  parser.parse(query).iterate({
    enter(node) {
      const text = query.slice(node.from, node.to);
      if (node.type.isError) errors.push(`at ${node.from}: ${query.slice(node.from, node.from + 30)}`);
      else if (node.name === 'VectorSelector') selectors.push({ metric: /^[\w:]*/.exec(text)![0], matchers: [] });
      else if (node.name === 'UnquotedLabelMatcher') selectors.at(-1)!.matchers.push(parseMatcher(text));
      else if (node.name === 'GroupingLabels') grouping.push(...(text.match(/\w+/g) ?? []));
      else if (node.name === 'FunctionIdentifier' || node.name === 'AggregateOp') functions.push(text);
      else if (node.name === 'NumberDurationLiteral') numbers.push(text);
    },
  });
  return { errors, selectors, grouping, functions, numbers };
}

function parseMatcher(text: string): LabelMatcher {
  const [, label, operator, value] = /^(\w+)\s*(=~|!~|!=|=)\s*["'](.*)["']$/s.exec(text) ?? [];
  if (label === undefined) throw new Error(`not a label matcher: ${text}`);
  return { label, operator: operator!, value: value! };
}
