import type { Snapshot } from '../../model/snapshot.ts';
import { KNOWN_STATES } from '../../model/tcp-state.ts';
import { socketsIn } from '../../verdict/evidence.ts';
import { describeRates, describeSettings, stateWord, TOLD_STATES } from '../../verdict/facts.ts';
import { LIMIT_WORDS } from '../../verdict/headroom.ts';
import { DEFAULT_THRESHOLDS } from '../../verdict/thresholds.ts';
import { count, percent } from '../../verdict/words.ts';
import { formatParagraph } from '../layout.ts';
import type { Block, Style } from '../report.ts';
import type { View } from '../view.ts';
import { describeSight } from './sight.ts';

/** The numbers of the whole host, a line each, and what could not be seen. */
export function formatFacts(view: View, style: Style): Block {
  const evidence = { now: view.now.snapshot, before: view.before, thresholds: DEFAULT_THRESHOLDS };
  const lines = [
    ['STATES', describeStates(view.now.snapshot)],
    ['LIMITS', view.verdict.headroom.map(({ name, ratio, text, of }) => describeLimit(name, ratio, text, of))],
    ['RATES', describeRates(evidence)],
    ['SETTINGS', describeSettings(view.now.snapshot)],
  ] as const;
  return [
    ...lines.flatMap(([label, parts]) => (parts.length === 0 ? [] : formatLine(label, parts, style))),
    ...describeSight(view).flatMap((part, at) => formatLine(at === 0 ? 'SEES' : '', [part], style)),
  ];
}

function formatLine(label: string, parts: readonly string[], { palette, width }: Style): string[] {
  const marked = label.padEnd(10);
  // a part stays together where it can: its blanks must not be wrapped at
  const unbroken = parts.map((part) => (part.length > width - 12 ? part : part.replaceAll(' ', '\u00a0')));
  const [first, ...rest] = formatParagraph(
    marked,
    unbroken.map((part, at) => part + (at < parts.length - 1 ? ',' : '')).join(' '),
    width,
  );
  return [palette.heading(marked) + first!.slice(marked.length), ...rest].map((line) => line.replaceAll('\u00a0', ' '));
}

function describeStates(snapshot: Snapshot): string[] {
  return KNOWN_STATES.flatMap((state) => {
    const sockets = socketsIn(snapshot, state);
    const isShown = sockets !== undefined && (sockets > 0 || TOLD_STATES.includes(state));
    return isShown ? [`${stateWord(state)} ${count(sockets)}`] : [];
  });
}

function describeLimit(name: keyof typeof LIMIT_WORDS, ratio: number, text: string, of: string | undefined): string {
  const isNear = ratio >= 0.1;
  const detail = isNear ? ` (${text}${of === undefined ? '' : `, ${of}`})` : '';
  return `${LIMIT_WORDS[name]} ${percent(ratio)}${detail}`;
}
