import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processCpuTotal from 'prom-client/lib/metrics/processCpuTotal.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processResources from 'prom-client/lib/metrics/processResources.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import version from 'prom-client/lib/metrics/version.js';
import { registerAnonymousMemory } from './anonymous-memory.ts';
import { createRequestCounts, type RequestCounts } from './request-counts.ts';

/** The exporter's own process_*, nodejs_* and promhttp_* metrics, from its start until `close`. */
export interface SelfMetrics {
  collect(): Promise<SelfFamilies>;
  /** Stops watching the garbage collector. */
  close(): void;
}

/** Families in prom-client's form, for `appendSelf`. */
export type SelfFamilies = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/**
 * prom-client's default metrics, one by one: `collectDefaultMetrics` also starts an event loop monitor that fires 100
 * times a second (0.54 % of a core in an otherwise idle process), and a garbage collection observer that cannot be
 * stopped.
 */
const DEFAULT_METRICS = [
  processCpuTotal,
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
  processResources,
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  version,
];

/** Gauges with a name that only a counter may have: promtool refuses them. */
const MISNAMED = ['nodejs_active_resources_total'];

export function createSelfMetrics(requests: RequestCounts = createRequestCounts()): SelfMetrics {
  const registry = new Registry();
  for (const register of DEFAULT_METRICS) register(registry);
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  registerAnonymousMemory(registry);
  registerEventLoopLag(registry);
  registerRequests(registry, requests);
  const collections = observeGarbageCollection(registry);
  return {
    collect: async () => (await registry.getMetricsAsJSON()).filter(({ values }) => values.length > 0),
    close: () => collections.disconnect(),
  };
}

/** Measures on demand, by one turn of the event loop. */
function registerEventLoopLag(registry: Registry): void {
  new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'Lag of event loop in seconds.',
    registers: [registry],
    async collect() {
      const start = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      this.set((performance.now() - start) / 1000);
    },
  });
}

/** With the names that dashboards for Go exporters use. */
function registerRequests(registry: Registry, requests: RequestCounts): void {
  new Counter({
    name: 'promhttp_metric_handler_requests_total',
    help: 'Answers to requests for metrics, and to unreadable requests, by HTTP status.',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [status, count] of requests.answers()) this.inc({ code: String(status) }, count);
    },
  });
  new Gauge({
    name: 'promhttp_metric_handler_requests_in_flight',
    help: 'Requests for metrics in progress, including the one for this page.',
    registers: [registry],
    collect() {
      this.set(requests.inFlight());
    },
  });
}

/** https://nodejs.org/docs/latest-v20.x/api/perf_hooks.html#garbage-collection-gc-details */
type GarbageCollection = PerformanceEntry & { readonly detail: { readonly kind: number } };

const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

function observeGarbageCollection(registry: Registry): PerformanceObserver {
  const durations = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as GarbageCollection[]) {
      durations.observe({ kind: KINDS[entry.detail.kind] ?? 'unknown' }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return observer;
}
