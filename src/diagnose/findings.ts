import type { Finding } from '../verdict/finding.ts';
import { SEVERITY_WORDS, statusWord, summarize } from '../verdict/summary.ts';
import { formatParagraph, pad } from './layout.ts';
import type { Block, Style } from './report.ts';
import type { View } from './view.ts';

/** As wide as the longest word of a severity, and two. */
const LABEL = 10;

/** The verdict in a line, and a block for each finding. */
export function formatFindings(view: View, style: Style): Block[] {
  const { findings } = view.verdict;
  const told = findings.map(({ kind }) => findings.findIndex((each) => each.kind === kind));
  const blocks = findings.map((finding, at) => formatFinding(finding, style, told[at]! < at));
  return [[formatVerdict(view, style)], ...blocks];
}

function formatVerdict({ verdict, place, time }: View, { palette }: Style): string {
  const word = palette.severity[verdict.status](pad(statusWord(verdict.status), LABEL - 2));
  return `${word}  ${place}  ${time.toTimeString().slice(0, 8)}  ${summarize(verdict)}`;
}

/** `isRepeated`: what it means and what to do stands above, with another one of the same kind. */
function formatFinding(finding: Finding, { palette, width, isBrief = false }: Style, isRepeated: boolean): Block {
  const word = pad(SEVERITY_WORDS[finding.severity], LABEL);
  const [first, ...rest] = formatParagraph(word, finding.headline, width);
  const blank = ' '.repeat(LABEL);
  const painted = palette.severity[finding.severity](word) + palette.heading(first!.slice(word.length));
  const more = finding.alert === undefined ? [] : [`runbook, ${finding.alert}`];
  const isFull = !isBrief && !isRepeated && finding.severity !== 'info';
  const parts = [
    ...finding.details.map((detail) => ['', detail] as const),
    ...(isFull ? [['means', finding.means] as const] : []),
    ...(isRepeated ? [] : [['do', finding.do] as const]),
    ...(isFull ? [['not', finding.doNot] as const, ...more.map((each) => ['more', each] as const)] : []),
  ];
  const lines = parts.flatMap(([label, text]) => {
    const marked = label === '' ? blank : `${pad(label, LABEL - 2, 'right')}  `;
    const [start, ...others] = formatParagraph(marked, text, width);
    return [palette.faint(marked) + start!.slice(marked.length), ...others];
  });
  return [painted, ...rest.map((line) => palette.heading(line)), ...lines];
}
