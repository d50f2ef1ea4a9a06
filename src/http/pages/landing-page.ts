import { createHash } from 'node:crypto';
import type { BuildInfo } from '../../model/build-info.ts';

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.25rem; }
a { color: #0b63c5; }
dt { font-weight: 600; margin-top: 1rem; }
dd { margin: 0; }
footer { margin-top: 3rem; border-top: 1px solid #8886; padding-top: 0.75rem; font-size: 0.875rem; opacity: 0.8; }
@media (prefers-color-scheme: dark) { a { color: #7db7ff; } }
`;

/** The only style that the page may use, as a source for Content-Security-Policy. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** The page for a browser. It loads nothing else from anywhere. */
export function renderLandingPage(telemetryPath: string, build: BuildInfo): string {
  const revision = build.revision === '' ? '' : `, revision ${escapeHtml(build.revision)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tcpstate-exporter</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>tcpstate-exporter</h1>
<p>Prometheus exporter for the TCP sockets of this host, by state, local port, remote address and process, and for the use of its ephemeral ports.</p>
<dl>
<dt><a href=".${telemetryPath}">${telemetryPath}</a></dt>
<dd>the metrics, for Prometheus to scrape</dd>
<dt><a href="./-/healthy">/-/healthy</a></dt>
<dd>answers 200 while the exporter runs</dd>
<dt><a href="./-/ready">/-/ready</a></dt>
<dd>answers 200 once it can read sockets, 503 until then</dd>
</dl>
</main>
<footer>Version ${escapeHtml(build.version)}${revision}, Node.js ${escapeHtml(build.nodeVersion)} on ${escapeHtml(build.platform)}</footer>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
