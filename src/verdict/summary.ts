import type { Finding, Severity } from './finding.ts';
import type { Status, Verdict } from './judge.ts';

/** What a severity is called in front of a person. */
export const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  critical: 'CRITICAL',
  warning: 'WARNING',
  unknown: 'UNKNOWN',
  info: 'NOTE',
};

/** Those of the words that have a plural. */
const NOUNS: readonly string[] = ['warning', 'note'];

export function statusWord(status: Status): string {
  return status.toUpperCase();
}

/** What there is, in a clause: `nothing is near a limit`, `2 critical, 3 warnings`. */
export function summarize({ status, findings }: Verdict): string {
  const health = status === 'ok' ? ['nothing is near a limit'] : [];
  return [...health, ...(findings.length === 0 ? [] : [countOf(findings)])].join(', ');
}

function countOf(findings: readonly Finding[]): string {
  return (Object.keys(SEVERITY_WORDS) as Severity[])
    .map(
      (severity) =>
        [SEVERITY_WORDS[severity].toLowerCase(), findings.filter((each) => each.severity === severity).length] as const,
    )
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}${count > 1 && NOUNS.includes(word) ? 's' : ''}`)
    .join(', ');
}
