import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { Gauge, Histogram, Registry } from 'prom-client';
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processCpuTotal from 'prom-client/lib/metrics/processCpuTotal.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processResources from 'prom-client/lib/metrics/processResources.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import version from 'prom-client/lib/metrics/version.js';

/** The exporter's own process_* and nodejs_* metrics, counted from its start to `close`. */
export interface SelfMetrics {
  collect(): Promise<SelfFamilies>;
  /** Stops watching the garbage collector. */
  close(): void;
}

/** Families as prom-client describes them, for `renderExposition`. */
export type SelfFamilies = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/**
 * prom-client's default metrics, taken one by one: `collectDefaultMetrics` also starts an event loop monitor that fires
 * 100 times a second for ever (0.54 % of a core in an otherwise idle process), and a garbage collection observer that
 * nobody can stop.
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

/** Gauges whose name ends as only a counter's may: promtool refuses them. */
const MISNAMED = ['nodejs_active_resources_total'];

export function createSelfMetrics(): SelfMetrics {
  const registry = new Registry();
  for (const register of DEFAULT_METRICS) register(registry);
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  registerEventLoopLag(registry);
  const collections = observeGarbageCollection(registry);
  return {
    collect: async () => (await registry.getMetricsAsJSON()).filter(({ values }) => values.length > 0),
    close: () => collections.disconnect(),
  };
}

/** Measures when it is asked, by one turn of the event loop. */
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
