import { hostname } from 'node:os';
import { createCollecting } from '../collector/on-this-thread.ts';
import type { Config } from '../config/config.ts';
import type { CollectorName } from '../model/collectors.ts';
import { describeError } from '../model/describe-error.ts';
import type { ConfigInUse } from '../model/file-config.ts';
import { openPlatform } from '../platform/select.ts';
import type { Source } from './source.ts';

/** It sees nothing of what was before. */
const LEFT_OUT: CollectorName = 'connection_events';

/**
 * Collects on this thread as the server does: the same collectors, in the same order. The reader of sockets in the kernel, which the sockets have to
 * prove, takes 130 ms: for one look it is used only by its name. Without it no verdict speaks of other network namespaces, and none is read. `file`: the
 * configuration, whose filters would hide who it is.
 */
export async function openThisHost(config: Config, file?: ConfigInUse): Promise<Source> {
  const { socketSource, ...others } = config;
  const readsOthers = socketSource === 'bpf';
  const collectors = [...config.collectors].filter((name) => name !== LEFT_OUT && (readsOthers || name !== 'netns'));
  try {
    const platform = await openPlatform(config.platform, {
      ...others,
      collectors: new Set(collectors),
      ...(socketSource !== 'auto' && { socketSource }),
    });
    const collecting = createCollecting(
      platform,
      { collectors, limits: withoutFilters(config.limits), ...(file && { config: withoutFilters(file) }) },
      config.scrapeTimeoutMs,
    );
    return {
      place: hostname(),
      notes: collecting.notices.filter(({ level }) => level === 'warn').map(({ message }) => message),
      async look() {
        const { snapshot, table } = collecting.collect();
        return { snapshot, table, atMs: performance.now() };
      },
      close: collecting.close,
    };
  } catch (error) {
    const outcomes = collectors.map((collector) => ({
      collector,
      success: false,
      seconds: 0,
      error: describeError(error),
    }));
    return {
      place: hostname(),
      notes: [],
      look: async () => ({ snapshot: { outcomes }, atMs: performance.now() }),
      close() {},
    };
  }
}

function withoutFilters<Settings extends { readonly filters?: unknown }>({ filters: _, ...others }: Settings) {
  return others;
}
