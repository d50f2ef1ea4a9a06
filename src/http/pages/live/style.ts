import { createHash } from 'node:crypto';

/** Colours reach a contrast of 4.5 on what is behind them, light and dark; words say everything that colours say. */
export const STYLE = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1b1f24; --quiet: #57606a; --edge: #d5dae0; --track: #e6e9ed; --fill: #2f6fbd; --line: #2f6fbd; --area: #2f6fbd22; --link: #0a5cb8; --ok: #176f3c; --warning: #8a5300; --critical: #b3212b; --unknown: #6d3fa0; --info: #0a5cb8; --warning-fill: #d98a12; --critical-fill: #cf2f3a; }
@media (prefers-color-scheme: dark) {
:root { --page: #0f1318; --card: #171c23; --text: #e4e8ee; --quiet: #9ba6b3; --edge: #2b333d; --track: #2b333d; --fill: #5a9bea; --line: #6aa9f4; --area: #6aa9f426; --link: #7db7ff; --ok: #5fd08b; --warning: #f0b352; --critical: #ff8087; --unknown: #c79bf5; --info: #7db7ff; --warning-fill: #dd9a2c; --critical-fill: #ee5a63; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1rem; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, "Segoe UI", Roboto, sans-serif; }
a { color: var(--link); }
h1 { margin: 0; font-size: 1.35rem; overflow-wrap: anywhere; }
h1 small { color: var(--quiet); font-size: 0.95rem; font-weight: 400; }
h2 { margin: 0 0 0.5rem; font-size: 1rem; }
h3 { margin: 0 0 0.25rem; font-size: 1rem; line-height: 1.4; overflow-wrap: anywhere; }
p { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: baseline; justify-content: space-between; margin-bottom: 0.75rem; }
header p, footer, .note, small { color: var(--quiet); }
header p { font-variant-numeric: tabular-nums; }
main, .columns, .column { display: grid; gap: 0.75rem; grid-template-columns: minmax(0, 1fr); align-items: start; align-content: start; }
section { min-width: 0; padding: 0.8rem 1rem; background: var(--card); border: 1px solid var(--edge); border-radius: 8px; }
.verdict { --mark: var(--ok); border-left: 6px solid var(--mark); }
.verdict > h2 { margin: 0; font-size: 1.15rem; }
.word { color: var(--mark); font-weight: 700; letter-spacing: 0.02em; }
.summary { font-weight: 400; }
.critical { --mark: var(--critical); }
.warning { --mark: var(--warning); }
.unknown { --mark: var(--unknown); }
.info { --mark: var(--info); }
article { margin-top: 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--edge); }
article ul { margin: 0 0 0.4rem; padding: 0; list-style: none; color: var(--quiet); }
article li { display: inline; overflow-wrap: anywhere; }
article li + li::before { content: " · "; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 0.9rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; max-width: 60rem; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0 0.25rem 0.75rem; text-align: left; font-weight: 400; vertical-align: top; border-top: 1px solid var(--edge); overflow-wrap: anywhere; unicode-bidi: isolate; }
th:first-child { padding-left: 0; }
thead th { border-top: 0; padding-top: 0; color: var(--quiet); font-size: 0.8rem; vertical-align: bottom; overflow-wrap: normal; }
.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
thead .number { white-space: normal; }
th:first-child { min-width: 6.8em; }
#states th:first-child { min-width: 7.6em; }
small { font-size: 0.8rem; }
.note { margin-top: 0.4rem; font-size: 0.85rem; overflow-wrap: anywhere; }
.bar { display: block; width: 100%; height: 4px; margin: 0.2rem 0 0.1rem; border-radius: 2px; }
.track { fill: var(--track); }
.fill { fill: var(--fill); }
.fill.warning { fill: var(--warning-fill); }
.fill.critical { fill: var(--critical-fill); }
.course { display: flex; gap: 0.6rem; align-items: center; }
.spark { flex: 1 1 6rem; min-width: 3rem; height: 1.5rem; }
.spark path { vector-effect: non-scaling-stroke; }
.line { fill: none; stroke: var(--line); stroke-width: 1.5; }
.area { fill: var(--area); }
.range { flex: 0 0 7.2rem; color: var(--quiet); font-size: 0.8rem; text-align: right; white-space: nowrap; }
#states td:last-child { width: 62%; }
#destinations th:first-child, #queues th:first-child, #limits th:first-child { width: 36%; }
#processes th:first-child { width: 30%; }
footer { margin-top: 0.9rem; font-size: 0.85rem; }
@media (min-width: 60rem) {
.columns { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 40rem) {
body { padding: 0.6rem; font-size: 14px; }
section { padding: 0.7rem; }
th, td { padding-left: 0.4rem; }
dl { column-gap: 0.6rem; }
#processes .number { white-space: normal; }
#states td:last-child { width: 45%; }
.number small { display: block; }
.course { display: block; }
.spark { display: block; width: 100%; }
.range { display: block; text-align: left; }
.column { display: contents; }
}
`;

/** The only style that the page may use, as a source for Content-Security-Policy. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
