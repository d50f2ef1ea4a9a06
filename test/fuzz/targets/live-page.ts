import assert from 'node:assert/strict';
import { snapshotOf } from '../../../src/diagnose/page/page-snapshot.ts';
import { parsePage } from '../../../src/diagnose/page/parse-page.ts';
import { renderLivePage } from '../../../src/http/pages/live/page.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { NameTable } from '../../../src/table/name-table.ts';
import { BUILD } from '../../support/http/http-settings.ts';
import { liveLook } from '../../support/pages/live-looks.ts';
import { readStrictHtml } from '../../support/pages/strict-html.ts';
import { connection, HEALTHY, PORTS, withDestination, withSockets } from '../../verdict/hosts.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { NOT_A_PAGE } from './diagnose.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const MARKUP = [
  '<script>alert(1)</script>',
  `" onload="x`,
  `'><img src=x>`,
  '&lt;&#60;&',
  '</td></table><h1>',
  '<!--',
  ']]>',
  '</style>',
  '\u202e<b\u0000>',
  '$&$1',
];
const ELEMENTS = new Set(
  'html head meta title style body header h1 h2 h3 bdi small p time a main section span article ul li dl dt dd table thead tbody tr th td div svg rect path i wbr footer'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'lang charset name content http-equiv datetime href id class aria-labelledby aria-hidden scope width height viewBox preserveAspectRatio d'.split(
    ' ',
  ),
);
const LINK =
  /^(\.\/|\.\/\?refresh=0|\.\/metrics|\.\/-\/(healthy|ready)|https:\/\/github\.com\/tcpstate-exporter\/[\w./-]+#\w+)$/;

export const LIVE_PAGE: Readonly<Record<string, FuzzTarget>> = {
  'live-page': {
    drives: [
      'http/pages/live/page.ts#renderLivePage',
      'http/pages/live/html.ts#escapeHtml',
      'http/pages/live/findings.ts#isolate',
      'model/earlier-look.ts#toEarlierLook',
    ],
    holds: 'plain elements that a strict reader reads, with every name as text: no script, no link but ours',
    seeds: (read) => [
      joinPieces(MARKUP),
      joinPieces(['nginx', 'שלום', 'ünï']),
      read('pages/linux.txt'),
      read('pages/windows.txt'),
    ],
    longestInput: 256 * 1024,
    mostBytes: 128 * 1024 ** 2,
    run(input) {
      const table = new NameTable();
      const names = splitPieces(input)
        .slice(0, 20)
        .map((piece) => table.nameOf(table.intern(piece.toString())));
      check(withNames(names), names);
      const snapshot = answerOf(() => snapshotOf(parsePage(input.toString())), NOT_A_PAGE);
      if (snapshot !== undefined) check(snapshot, []);
    },
  },
};

function check(snapshot: Snapshot, names: readonly string[]): void {
  const { elements, text } = readStrictHtml(
    renderLivePage(
      liveLook(snapshot, snapshot, 3),
      [],
      { host: names[0] ?? 'host', build: BUILD, telemetryPath: '/metrics' },
      false,
    ),
  );
  for (const { tag, attributes } of elements) {
    assert.ok(ELEMENTS.has(tag), tag);
    for (const name of Object.keys(attributes)) assert.ok(ATTRIBUTES.has(name), name);
    if (attributes.href !== undefined) assert.match(attributes.href, LINK);
  }
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  for (const name of names.slice(0, 5)) assert.ok(text.includes(name.replaceAll(/[ \n]+/g, ' ')), name);
}

/** A host with findings about every name: as a process, an address, and in the words of an error. */
function withNames(names: readonly string[]): Snapshot {
  const first = names[0] ?? 'nobody';
  return withSockets(
    {
      processes: { cells: names.map((process) => ({ process, state: TcpState.closeWait, sockets: 45 })), folded: 0 },
      connections: { cells: [connection(TcpState.established, first, 60, first)], folded: 0 },
      listeners: {
        cells: names.map((name) => ({ localIp: name, localPort: 80, process: name, queueLength: 17, queueLimit: 16 })),
        folded: 0,
      },
      closeWait: {
        oldest: names.map((process) => ({ process, seconds: 900 })),
        stuck: names.map((process) => ({ process, reason: 'unclosed', sockets: 45 })),
        folded: 0,
      },
      processFds: { cells: names.map((process) => ({ process, open: 1020, limit: 1024 })), folded: 0 },
    },
    {
      ...withDestination({ portsUsed: PORTS, remoteIp: first }, HEALTHY),
      outcomes: names.map((error) => ({ collector: 'units', success: false, seconds: 0, error })),
    },
  );
}
