import type { CollectorOutcome } from '../../../model/snapshot.ts';
import type { Finding } from '../../../verdict/finding.ts';
import type { Verdict } from '../../../verdict/judge.ts';
import { SEVERITY_WORDS, statusWord, summarize } from '../../../verdict/summary.ts';
import { count } from '../../../verdict/words.ts';
import { type Content, type Html, html } from './html.ts';
import { renderNote } from './table.ts';

/** Where the alert rules send their readers, too. */
export const RUNBOOK = 'https://github.com/tcpstate-exporter/tcpstate-exporter/blob/main/deploy/prometheus/runbook.md';

/** More at once say nothing that these do not. */
const MOST = 20;

/** The verdict in a line, and what is wrong, the worst first. */
export function renderVerdict(verdict: Verdict, outcomes: readonly CollectorOutcome[]): Html {
  const { status } = verdict;
  const findings = joinFailures(verdict.findings, outcomes);
  const rest = findings.length - MOST;
  return html`<section class="verdict ${status}" aria-labelledby="verdict-h">
<h2 id="verdict-h"><span class="word">${statusWord(status)}</span> <span class="summary">${summarize(verdict)}</span></h2>
${findings.slice(0, MOST).map((each, at) => renderFinding(each, isToldBefore(findings, at)))}${rest > 0 ? renderNote(`and ${count(rest)} more findings`) : undefined}</section>
`;
}

/** Collectors fail together, mostly, and for one reason: that is one thing to read. */
function joinFailures(findings: readonly Finding[], outcomes: readonly CollectorOutcome[]): readonly Finding[] {
  const isFailure = ({ kind }: Finding) => kind === 'collector_failing';
  const failures = findings.filter(isFailure);
  if (failures.length < 2) return findings;
  const byReason = new Map<string, string[]>();
  for (const { collector, success, error = 'no reason is known' } of outcomes) {
    if (!success) byReason.set(error, [...(byReason.get(error) ?? []), collector]);
  }
  const joined = {
    ...failures[0]!,
    headline: `${failures.length} collectors failed.`,
    details: [...byReason].map(([reason, names]) => `${names.join(', ')}: ${reason}`),
  };
  return findings.flatMap((each) => (isFailure(each) ? (each === failures[0] ? [joined] : []) : [each]));
}

/** What a kind of finding means is told once. */
function isToldBefore(findings: readonly Finding[], at: number): boolean {
  return findings.findIndex(({ kind }) => kind === findings[at]!.kind) < at;
}

function renderFinding(finding: Finding, isTold: boolean): Html {
  const { severity, headline, details, means, doNot, alert, runbook } = finding;
  const isFull = severity !== 'info' && !isTold;
  const names = namesIn(finding);
  const parts = [
    ...(isFull ? [['Means', means] as const] : []),
    ['Do', finding.do] as const,
    ...(isFull ? [['Not', doNot] as const] : []),
  ];
  const more =
    alert === undefined
      ? undefined
      : html`<dt>More</dt><dd><a href="${RUNBOOK}#${runbook}">runbook, ${alert}</a></dd>\n`;
  return html`<article class="${severity}">
<h3><span class="word">${SEVERITY_WORDS[severity]}</span> ${isolate(headline, names)}</h3>
${details.length > 0 ? html`<ul>${details.map((detail) => html`<li>${isolate(detail, names)}</li>`)}</ul>\n` : undefined}<dl>
${parts.map(([label, text]) => html`<dt>${label}</dt><dd>${isolate(text, names)}</dd>\n`)}${more}</dl>
</article>
`;
}

function namesIn({ subject, owner }: Finding): string[] {
  return [...('process' in subject ? [subject.process] : []), ...(owner === undefined ? [] : [owner.process])];
}

/** A name in a script that runs from right to left must not turn the numbers beside it. */
function isolate(text: string, names: readonly string[]): Content {
  const name = names.find((each) => each !== '' && text.includes(each));
  if (name === undefined) return text;
  return text.split(name).flatMap((part, at) => (at === 0 ? [part] : [html`<bdi>${name}</bdi>`, part]));
}
