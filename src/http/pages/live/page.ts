import type { BuildInfo } from '../../../model/build-info.ts';
import type { Notice } from '../../../platform/platform.ts';
import type { LiveLook } from '../../../scrape/live.ts';
import { judge } from '../../../verdict/judge.ts';
import { statusWord } from '../../../verdict/summary.ts';
import { renderDestinations } from './destinations.ts';
import { renderVerdict } from './findings.ts';
import { renderLimits, renderSight } from './host.ts';
import { Html, html } from './html.ts';
import { renderCloseWait, renderProcesses } from './processes.ts';
import { renderQueues } from './queues.ts';
import { renderStates } from './states.ts';
import { STYLE } from './style.ts';

/** How often a browser asks again. */
export const REFRESH_SECONDS = 5;

/** What is the same for every look. */
export interface LivePlace {
  readonly host: string;
  readonly build: BuildInfo;
  readonly telemetryPath: string;
}

/** The page for a person: what is wrong first, then the numbers behind it. It loads nothing else from anywhere. */
export function renderLivePage(
  look: LiveLook,
  notices: readonly Notice[],
  { host, build, telemetryPath }: LivePlace,
  isPaused: boolean,
): string {
  const verdict = judge(look.snapshot, look.before);
  const system = build.platform === 'win32' ? 'Windows' : 'Linux';
  const time = look.time.toISOString();
  const clock = `${time.slice(11, 19)} UTC`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${isPaused ? undefined : html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}">\n`}<title>${statusWord(verdict.status)} · ${host} · tcpstate</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1><bdi>${host}</bdi> <small>TCP on ${system}</small></h1>
<p><time datetime="${time}">${clock}</time> · ${
    isPaused
      ? html`paused · <a href="./">go on</a>`
      : html`every ${REFRESH_SECONDS} s · <a href="./?refresh=0">pause</a>`
  }</p>
</header>
<main>
${isFirst(look) ? renderFirst() : undefined}${renderVerdict(verdict, look.snapshot.outcomes)}<div class="columns">
<div class="column">
${renderStates(look)}${renderDestinations(look.snapshot)}${renderLimits(look, verdict)}</div>
<div class="column">
${renderCloseWait(look.snapshot)}${renderQueues(look)}${renderProcesses(look.snapshot)}${renderSight(look, notices)}</div>
</div>
</main>
<footer>
<p><a href=".${telemetryPath}">${telemetryPath}</a> · <a href="./-/healthy">/-/healthy</a> · <a href="./-/ready">/-/ready</a></p>
<p>~ inferred: the process has open connections to the same destination, or listens on the same port; the kernel keeps no owner of TIME_WAIT.</p>
<p>tcpstate-exporter ${build.version}${build.revision === '' ? undefined : `, revision ${build.revision}`}, Node.js ${build.nodeVersion}</p>
</footer>
</body>
</html>
`;
  return page.markup;
}

function isFirst({ snapshot, history }: LiveLook): boolean {
  return snapshot.sockets === undefined && history.length === 0;
}

function renderFirst(): Html {
  return html`<p class="first">No collection has brought any socket yet. If the exporter has just started, the next look will; if not, its log says why.</p>\n`;
}
