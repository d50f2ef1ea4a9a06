import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { KNOWN_STATES, stateLabel, TcpState } from '../model/tcp-state.ts';
import type { Notice } from '../platform/platform.ts';
import type { Comparison } from './compare.ts';
import type { Disagreement } from './disagreements.ts';
import { FINDINGS } from './findings.ts';
import { hintFor, hintsToHost, reasonOfAbsence } from './hints.ts';

/** The results of a self-check. */
export interface Checked {
  readonly platform: PlatformName;
  readonly knownCollectors: readonly CollectorName[];
  readonly collectors: ReadonlySet<CollectorName>;
  readonly notices: readonly Notice[];
  readonly snapshot: Snapshot;
  readonly comparisons: readonly Comparison[];
}

/** Disagreements listed per comparison. */
const MOST_LISTED = 30;
const MARK_WIDTH = 10;

/** The report of a self-check, and whether all is well. */
export function formatReport(checked: Checked): { readonly text: string; readonly isGood: boolean } {
  const failed = checked.snapshot.outcomes.filter(({ success }) => !success).length;
  const disagreeing = checked.comparisons.filter(({ disagreements }) => disagreements.length > 0).length;
  const unread = checked.comparisons.filter(({ unable }) => unable?.isFailure).length;
  const troubles = [
    ...(failed > 0 ? [`${failed} of ${checked.snapshot.outcomes.length} collectors failed`] : []),
    ...(disagreeing > 0 ? ['the sockets disagree with another reader of them'] : []),
    ...(hintsToHost(checked.snapshot, checked.collectors).length > 0
      ? ['it does not see the host (see namespace)']
      : []),
    ...(unread > 0 ? ['the other reader of the sockets does not work'] : []),
  ];
  const sections = [
    section(
      'Collectors',
      checked.knownCollectors.flatMap((name) => formatCollector(checked, name)),
    ),
    section('Sockets by state', formatStates(checked.snapshot)),
    section(
      'What the collectors say at start',
      checked.notices.map(({ level, message }) => line(level, message)),
    ),
    ...checked.comparisons.map((each) => section(`Compared with ${each.reference.name}`, formatComparison(each))),
  ];
  const isCompared = checked.comparisons.some(({ unable }) => unable === undefined);
  const bestResult = isCompared ? 'all is well' : 'no collector fails, but nothing was compared';
  const result = troubles.length === 0 ? bestResult : troubles.join('; ');
  return {
    text: `${sections.filter((text) => text !== '').join('\n')}\nResult: ${result}\n`,
    isGood: troubles.length === 0,
  };
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.join('\n')}\n`;
}

function line(mark: string, text: string): string {
  return `  ${mark.padEnd(MARK_WIDTH)}${text}`;
}

function formatCollector({ platform, collectors, snapshot }: Checked, name: CollectorName): readonly string[] {
  if (!collectors.has(name)) return [line('off', name)];
  const outcome = snapshot.outcomes.find(({ collector }) => collector === name);
  const title = outcome?.source === undefined ? name : `${name} (${outcome.source})`;
  if (outcome?.success === false) {
    const hint = hintFor(platform, name);
    return [line('FAILED', `${title}: ${outcome.error}`), ...(hint === undefined ? [] : [line('', `hint: ${hint}`)])];
  }
  const findings = FINDINGS[name](snapshot) ?? [];
  if (findings.length === 0) return [line('absent', `${name}: ${reasonOfAbsence(platform, name)}`)];
  const hints = name === 'namespace' ? hintsToHost(snapshot, collectors) : [];
  return [
    line(hints.length > 0 ? 'WRONG' : 'ok', `${title}: ${findings[0]}`),
    ...findings.slice(1).map((more) => line('', more)),
    ...(hints.length > 0 ? [...hints, 'if this is meant, use --no-collector.namespace'] : []).map((hint) =>
      line('', `hint: ${hint}`),
    ),
  ];
}

function formatStates({ sockets }: Snapshot): readonly string[] {
  const states = sockets?.states;
  if (states === undefined) return [];
  const rows = [...KNOWN_STATES, TcpState.unknown]
    .filter((state) => state !== TcpState.unknown || (states.ipv4[state] ?? 0) + (states.ipv6[state] ?? 0) > 0)
    .map((state) => [stateLabel(state), states.ipv4[state] ?? 'absent', states.ipv6[state] ?? 'absent'] as const);
  return [['', 'ipv4', 'ipv6'] as const, ...rows].map(
    ([label, ipv4, ipv6]) => `  ${label.padEnd(12)}${String(ipv4).padStart(9)}${String(ipv6).padStart(9)}`,
  );
}

function formatComparison({
  unable,
  sockets,
  rounds,
  disagreements,
  unknownStateWords,
  reference,
}: Comparison): string[] {
  if (unable !== undefined) return [line(unable.isFailure ? 'FAILED' : 'not done', unable.reason)];
  const words = [...unknownStateWords].map(([word, states]) => {
    const seen = [...states].map(([state, count]) => `${state} ${count}`).join(', ');
    return line('not done', `unknown word "${word}" for a state: compared without it; the exporter says: ${seen}`);
  });
  if (disagreements.length === 0)
    return [line('ok', `${sockets} sockets agree in state, both ends and ${reference.ownerIs}`), ...words];
  const more = disagreements.length - MOST_LISTED;
  return [
    line(
      'DISAGREES',
      `in each of ${rounds} rounds; the numbers are sockets, those of the other reader from before and after:`,
    ),
    ...disagreements.slice(0, MOST_LISTED).map((each) => line('', formatDisagreement(each))),
    ...(more > 0 ? [line('', `and ${more} more`)] : []),
    ...words,
  ];
}

function formatDisagreement({ what, ours, before, after }: Disagreement): string {
  const theirs = before === after ? `${before}` : `${before}, then ${after}`;
  return `${what}: exporter ${ours}, other reader ${theirs}`;
}
