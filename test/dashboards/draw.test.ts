import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skipWithout } from '../alerts/real-tool.ts';
import { type DrawingBoard, openDrawingBoard, SKIP_CHROMIUM } from './browser.ts';
import type { Drawing, PanelReport } from './drawing.ts';
import { EXPECTED_ALERTS, expectedFigures } from './expected.ts';
import { startIncident } from './incident/index.ts';
import type { Prometheus } from './prometheus.ts';
import { askAnnotations, askView, VIEWS, type View } from './views.ts';

/** Pictures to look at after a run. */
const PICTURES = fileURLToPath(new URL('../../scratch/dashboards/', import.meta.url));
const skip = skipWithout('prometheus') ?? skipWithout('promtool') ?? SKIP_CHROMIUM;

/** Without the collector they say so. */
const ON_EVENTS = [
  'Who opens connections, per second (connection events)',
  'Whose connects fail, and why, per second (connection events)',
  'How long connections live: the median (connection events)',
  'Connection events that found no place, per second',
];
/** Panels that have nothing to show for a host, and say so: it has no leak, or its platform cannot tell. */
const SILENT: Readonly<Record<string, readonly string[]>> = {
  [VIEWS.portsHost.name]: [
    'Oldest CLOSE_WAIT',
    'CLOSE_WAIT by process',
    'CLOSE_WAIT past the age limit',
    'Oldest CLOSE_WAIT by process',
    'Growth of the floor per hour',
  ],
  [VIEWS.windowsHost.name]: [
    'Oldest CLOSE_WAIT',
    'Fullest accept queue',
    'Nearest to its file limit',
    'CLOSE_WAIT past the age limit',
    'Oldest CLOSE_WAIT by process',
    'Accept queues',
    'Accept queue fill',
    'Refused connections per second',
    'Kernel limits',
    'Open files by process',
    ...ON_EVENTS,
  ],
  [VIEWS.leakHost.name]: ON_EVENTS,
};
/** Without kube-state-metrics. */
const OF_WORKLOADS = ['TIME_WAIT by workload', 'Connections opened by workload', 'Dropped connections by workload'];
/** Lines that only Linux has, in panels that have others. */
const PARTLY_LINUX = ['TIME_WAIT and its limit', 'Connections that ended badly, per second'];

/** Its second query finds ports whose owner stays unknown: on these hosts each has one. */
const OWNERS = 'Ephemeral ports by process';
const ALL_INFERRED: readonly string[] = [VIEWS.portsHost.name, VIEWS.windowsHost.name];

describe('the dashboards over six hours of an incident on two Linux hosts and a Windows one', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-dashboards-'));
  let prometheus: Prometheus | undefined;
  let board: DrawingBoard | undefined;
  const drawings = new Map<string, Drawing>();
  const reports = new Map<string, PanelReport[]>();

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    prometheus = await startIncident(folder);
    board = await openDrawingBoard();
  });
  after(async () => {
    await board?.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const view of Object.values(VIEWS) as View[]) {
    test(`${view.name}: Prometheus answers every query`, async () => {
      drawings.set(view.name, await askView(view, prometheus!));
    });

    test(`${view.name}: every query has data, or its panel is known to have none here`, () => {
      const isWindows = view.name === VIEWS.windowsHost.name;
      for (const { panel, answers } of drawings.get(view.name)!.panels) {
        const empty = answers.filter(({ series }) => series.length === 0).map(({ refId }) => refId);
        if ([...(SILENT[view.name] ?? []), ...OF_WORKLOADS].includes(panel.title))
          assert.equal(empty.length, answers.length, panel.title);
        else if (panel.title === OWNERS && ALL_INFERRED.includes(view.name)) assert.deepEqual(empty, ['B']);
        else if (isWindows && PARTLY_LINUX.includes(panel.title)) assert.ok(empty.length < answers.length);
        else assert.deepEqual(empty, [], panel.title);
      }
    });

    test(`${view.name}: Grafana's components draw every panel`, async () => {
      const found = await board!.draw(drawings.get(view.name)!, join(PICTURES, `${view.name}.png`));
      reports.set(view.name, found);
      assert.deepEqual(
        found.flatMap(({ title, unknownUnits }) => unknownUnits.map((unit) => `${title}: ${unit}`)),
        [],
      );
      for (const { title, text } of found) {
        assert.ok(text.includes(title), `${title} is not drawn`);
        assert.doesNotMatch(text, /No data|NaN|undefined|Infinity/, title);
      }
    });

    test(`${view.name}: says the same in light`, async () => {
      const light: Drawing = { ...drawings.get(view.name)!, theme: 'light' };
      const found = await board!.draw(light, join(PICTURES, `${view.name}-light.png`));
      assert.deepEqual(found, reports.get(view.name));
    });
  }

  test('annotations mark the alerts, the restart and the changed setting', async () => {
    for (const [name, points] of await askAnnotations(VIEWS.triage, prometheus!)) assert.ok(points > 0, name);
  });

  test('the figures of the triage headline are those of the data', () => {
    const expected = expectedFigures();
    const figure = (title: string) => textOf(VIEWS.triage, title);
    assert.match(
      figure('Worst port utilization'),
      new RegExp(`web-1:10048 ipv4 ${Math.round(100 * expected.utilization)}%`),
    );
    assert.match(
      figure('First range full in'),
      new RegExp(`web-1:10048 ipv4 ${Math.round(expected.secondsToExhaustion / 60)} mins`),
    );
    assert.match(figure('CLOSE_WAIT floor (15 min)'), new RegExp(`web-2:10048 ${expected.closeWaitFloor}$`));
    assert.match(figure('Firing alerts'), new RegExp(` ${EXPECTED_ALERTS.length}$`));
    assert.match(figure('Hosts not scraped'), / 0$/);
    const dropped = Number(/([\d.]+) conn\/s/.exec(figure('Dropped at accept queues'))?.[1]);
    assert.ok(Math.abs(dropped / expected.droppedPerSecond - 1) < 0.03, `${dropped}`);
  });

  test('the triage tables name the alerts, the hosts, and the culprit of each problem', () => {
    const alerts = textOf(VIEWS.triage, 'What fires');
    for (const alert of EXPECTED_ALERTS) assert.match(alerts, new RegExp(alert));
    assert.match(alerts, /critical TcpEphemeralPortsExhausted web-1:10048/);
    assert.match(alerts, /warning TcpCloseWaitLeak web-2:10048 billing/);
    assert.deepEqual([...new Set(alerts.match(/\b(critical|warning|info)\b/g))], ['critical', 'warning', 'info']);
    const ports = expectedFigures().busiestPorts.toLocaleString('en-US');
    const destinations = textOf(VIEWS.triage, 'Busiest destinations and who talks to them');
    assert.match(destinations, new RegExp(`web-1:10048 10.0.0.11 10.0.9.9 5432 ~checkout ${ports}`));
    assert.match(destinations, /win-1:10048 10.1.0.7 10.1.0.40 1433 ~w3wp.exe 5,\d+ 5,\d+ \d+%/);
    const bars = textOf(VIEWS.triage, 'Ephemeral ports by process');
    assert.match(bars, /~checkout @ web-1:10048 27,8\d\d/);
    assert.match(bars, /~w3wp.exe @ win-1:10048 5,\d\d\d/);
    assert.match(bars, /unknown @ web-2:10048 220$/);
    assert.match(destinations, /10.0.7.50 8080 unknown 220 220 1%/);
    assert.match(textOf(VIEWS.triage, 'Hosts'), /critical web-2:10048/);
    assert.match(textOf(VIEWS.triage, 'Hosts'), /win-1:10048 \d+% 128/);
  });

  test('the host dashboard shows one host, with the culprits of the other one', () => {
    const { established, timeWait } = expectedFigures();
    assert.match(textOf(VIEWS.portsHost, 'Established'), new RegExp(` ${established.toLocaleString('en-US')}$`));
    assert.match(textOf(VIEWS.portsHost, 'TIME_WAIT'), new RegExp(` ${timeWait.toLocaleString('en-US')}$`));
    assert.match(textOf(VIEWS.leakHost, 'Oldest CLOSE_WAIT'), /billing 4 hours/);
    assert.match(textOf(VIEWS.leakHost, 'Fullest accept queue'), /nginx port 443 100%/);
    assert.match(textOf(VIEWS.leakHost, 'Accept queues'), /nginx 0.0.0.0 443 512 511 100%/);
  });

  test('a chosen process or destination leaves out the others, a chosen process never the unknown ones', async () => {
    const rows = async (choice: Partial<View>) => {
      const { panels } = await askView({ ...VIEWS.leakHost, ...choice }, prometheus!);
      const { answers } = panels.find(({ panel }) => panel.title === 'Busiest destinations and who talks to them')!;
      return answers[0]!.series.map(({ metric }) => `${metric.owner} ${metric.remote_ip}`).sort();
    };
    assert.deepEqual(await rows({ process: 'mailer' }), ['unknown 10.0.7.50', '~mailer 10.0.7.40']);
    assert.deepEqual(await rows({ remoteIp: '10.0.9.9' }), ['~billing 10.0.9.9']);
  });

  test('the host dashboard says of a Windows host what it cannot know', () => {
    assert.match(textOf(VIEWS.windowsHost, 'Fullest accept queue'), /not known/);
    assert.match(textOf(VIEWS.windowsHost, 'Nearest to its file limit'), /no limit/);
    assert.match(textOf(VIEWS.windowsHost, 'Kernel limits'), /Not known on this platform/);
  });

  test('the fleet dashboard finds who changed what and which exporter is old', () => {
    assert.match(textOf(VIEWS.fleet, 'Settings that changed'), /web-2:10048 somaxconn \D*1$/);
    assert.match(textOf(VIEWS.fleet, 'Settings that differ between hosts'), /somaxconn 4096 1 .*somaxconn 8192 1/);
    assert.match(textOf(VIEWS.fleet, 'Exporter versions'), /0\.0\.9 .*win32 1/);
    assert.match(textOf(VIEWS.fleet, 'Hosts with a firing alert'), / 2$/);
  });

  /** The words of a panel in their order, on one line. */
  function textOf(view: View, title: string): string {
    const report = reports.get(view.name)?.find((panel) => panel.title === title);
    assert.ok(report !== undefined, `${view.name} has no panel ${title}`);
    return report.text
      .replace(/\s+/g, ' ')
      .replace(/(\d) ([%K])/g, '$1$2')
      .trim();
  }
});
