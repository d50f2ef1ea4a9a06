import assert from 'node:assert/strict';
import { readDiagnose } from '../../../src/config/diagnose.ts';
import { FIGURE_LIMITS, PAGE_URL, STATE_NAME } from '../../../src/config/diagnose-values.ts';
import { formatCheck } from '../../../src/diagnose/check.ts';
import { snapshotOf } from '../../../src/diagnose/page/page-snapshot.ts';
import { parsePage } from '../../../src/diagnose/page/parse-page.ts';
import { NO_COLORS } from '../../../src/diagnose/palette.ts';
import { formatReport } from '../../../src/diagnose/report.ts';
import { toView } from '../../../src/diagnose/view.ts';
import { fit } from '../../../src/diagnose/watch.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const REFUSAL = { name: 'ConfigRefusal', says: /^[^\p{Cc}]{1,1500}$/u };
/** How the reader of a page refuses what is none, or not a whole one. */
export const NOT_A_PAGE = {
  says: /^(not a sample: |this is not the page of a tcpstate-exporter$|no collector is on this page: )[^\p{Cc}]*$/u,
};
const NOW = { place: 'host', notes: [] };

export const DIAGNOSE: Readonly<Record<string, FuzzTarget>> = {
  'diagnose-page': {
    drives: [
      'diagnose/page/parse-page.ts#parsePage',
      'diagnose/page/page-snapshot.ts#snapshotOf',
      'diagnose/report.ts#formatReport',
      'diagnose/layout.ts#formatTable',
      'diagnose/layout.ts#formatParagraph',
      'diagnose/watch.ts#fit',
      'diagnose/check.ts#formatCheck',
    ],
    holds:
      'a report, a check of one line and a screen that fits, without a character that does something to a terminal',
    seeds: (read) => [read('pages/linux.txt'), read('pages/windows.txt')],
    longestInput: 256 * 1024,
    mostBytes: 128 * 1024 ** 2,
    run(input) {
      const snapshot = answerOf(() => snapshotOf(parsePage(input.toString())), NOT_A_PAGE);
      if (snapshot === undefined) return;
      for (const argv of [[], ['--state=time_wait'], ['--port=443']]) {
        const command = readDiagnose('linux', argv, {});
        assert.ok(command.kind === 'diagnose');
        const view = toView({ now: { snapshot, atMs: 1 } }, NOW, command.options, new Date(0));
        const report = formatReport(view, { palette: NO_COLORS, width: 80 });
        assert.doesNotMatch(report.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        assert.ok(fit(report, 24).split('\n').length <= 22);
        assert.match(formatCheck(view), /^TCP (OK|WARNING|CRITICAL|UNKNOWN) - [^|\p{Cc}]+( \| [^|\p{Cc}]+)?\n$/u);
      }
    },
  },
  'diagnose-arguments': {
    drives: ['config/diagnose.ts#readDiagnose', 'config/diagnose-values.ts#parse'],
    holds:
      'a command, or one line without control characters; limits are numbers of figures, addresses have no password',
    seeds: () => [
      joinPieces(['--check', '--warn=util:70,queue:80%', '--crit=time_wait=5']),
      joinPieces(['--watch', '--csv=x', '--top=3']),
      joinPieces(['--watch=500ms', '--by=ip', '--state=TIME-WAIT']),
      joinPieces(['--url=https://h:1/p', '--insecure', '--user=u', '--password-file=f']),
      joinPieces(['--help']),
    ],
    run(input) {
      const argv = splitPieces(input).map((piece) => piece.toString());
      const command = answerOf(() => readDiagnose('linux', argv, {}), REFUSAL);
      if (command?.kind === 'diagnose')
        for (const limit of Object.values(command.options.warn)) assert.ok(Number.isFinite(limit) && limit >= 0);
      const text = input.toString();
      for (const limit of Object.values(FIGURE_LIMITS.parse(text) ?? {})) assert.ok(Number.isFinite(limit));
      const state = STATE_NAME.parse(text);
      assert.ok(state === undefined || (state > 0 && state < 14));
      assert.equal(PAGE_URL.parse(text)?.password ?? '', '');
    },
  },
};
