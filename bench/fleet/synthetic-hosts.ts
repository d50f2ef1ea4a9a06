import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { fullSnapshot } from '../../test/support/pages/full-snapshot.ts';
import { LINUX_BUILD } from '../../test/support/pages/snapshots.ts';

/** What grows on a host that is well, by this much a second. */
const GROWING = /^tcpstate\w*_(in_segments|out_segments|opens|entered|accepted|connects|closed)_total/;
/** What is a setting, a bound or an answer, and stays as it is in the snapshot; `…_ratio` is given below. */
const FIXED = /_(limit|max|max_fds|ports|info|is_host|supported)\b|_setting_|_range_|_bytes|duration_seconds/;
/** What is nothing on a host that is well. */
const NONE =
  /stuck|close_wait|closed_socket|overflow|drop|fail|refused|syn_|unattributed|ephemeral_listeners|orphan_sockets|_queue_length|state="(close_wait|syn_sent|syn_recv|last_ack|closing)"/;
/** The number of a pod of the snapshot. */
const POD = /-x1(\d+)"/;
const NO_PORT = /^tcpstate_netns_ephemeral_utilization_ratio\{.*family="ipv4"/;
const OVERFLOW = /^tcpstate_netns_listen_overflows_total/;
/** A third of the numbers are others in each scrape: Prometheus packs what stays the same into almost nothing. */
const CHANGING = 3;

interface Line {
  /** Name and labels, up to the value. */
  readonly head: string;
  valueAt(second: number, host: number): number;
}

/** What the hosts are like. */
export interface HostOptions {
  readonly pods: number;
  /** So many of the pods have no port left towards IPv4, and their accept queue overflows. */
  readonly troubled: number;
  /** With the series of connection events. */
  readonly events: boolean;
}

/** Serves the page of each host at /<number>: every breakdown full, pods with names of their own. */
export async function serveHosts(options: HostOptions): Promise<{ port: number; series: number; close(): void }> {
  const lines = await linesOf(options);
  const startMs = Date.now();
  const server = createServer((request, response) => {
    const host = Number(request.url!.slice(1));
    const second = (Date.now() - startMs) / 1000;
    // the pods of the snapshot end with -x1000 and so on
    const text = lines
      .map(({ head, valueAt }) => `${head} ${valueAt(second, host)}\n`)
      .join('')
      .replaceAll('-x1', `-h${host}-`);
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(text);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, series: lines.length, close: () => server.close() };
}

async function linesOf({ pods, troubled, events }: HostOptions): Promise<Line[]> {
  const { connectionEvents, ...rest } = fullSnapshot({ ...DEFAULT_LIMITS, netns: pods });
  const snapshot = events ? { ...rest, connectionEvents: connectionEvents! } : rest;
  const { body } = await renderExposition(buildFamilies(snapshot, LINUX_BUILD), undefined, 'text');
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line, index) => toLine(line, index, troubled));
}

function toLine(line: string, index: number, troubled: number): Line {
  const space = line.lastIndexOf(' ');
  const head = line.slice(0, space);
  const name = /^\w+/.exec(head)![0];
  if (Number(POD.exec(head)?.[1] ?? Infinity) < troubled) {
    if (NO_PORT.test(head)) return { head, valueAt: () => 0.97 };
    if (OVERFLOW.test(head)) return { head, valueAt: (second) => Math.floor(second) };
  }
  const given = Number(line.slice(space + 1));
  if (GROWING.test(name)) return { head, valueAt: (second, host) => Math.floor(second * (1 + ((index + host) % 5))) };
  if (name.endsWith('_success')) return { head, valueAt: () => 1 };
  if (NONE.test(head)) return { head, valueAt: () => 0 };
  if (name.endsWith('_total') || FIXED.test(name) || /[{,]le="/.test(head)) return { head, valueAt: () => given };
  if (name.endsWith('_ratio'))
    return { head, valueAt: (second, host) => ((Math.floor(second / 60) + index + host) % 50) / 100 };
  const changes = index % CHANGING === 0 ? 1 : 0;
  return { head, valueAt: (second, host) => (index + host + changes * Math.floor(second / 15)) % 40 };
}
