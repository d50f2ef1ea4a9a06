import { writeFamilies } from '../metrics/exposition.ts';
import type { ExpositionFormat } from '../metrics/family.ts';
import { buildFamilies } from '../metrics/index.ts';
import type { BuildInfo } from '../model/build-info.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { createCollection } from './collect.ts';
import type { CollectedPart, CollectorMessage, CollectRequest } from './protocol.ts';
import { assembleSnapshot } from './snapshot.ts';

type Send = (message: CollectorMessage, transfer?: ArrayBuffer[]) => void;

/**
 * Answers requests in the collector thread. Facts are sent as soon as they are there: what comes next may hang, or take longer than
 * the request may wait. The counts are sent as a page, or themselves if somebody wants them.
 */
export function createAnswering(collect: ReturnType<typeof createCollection>, build: BuildInfo, send: Send) {
  return function answer(request: CollectRequest): void {
    const { id, collectors, format, countsWanted } = request;
    const startedMs = performance.now();
    const parts: CollectedPart[] = [];
    const held: CollectedPart[] = [];
    collect(request, (part) => {
      parts.push(part);
      if (part.sockets !== undefined || held.length > 0) held.push(part);
      else send({ type: 'part', id, part });
    });
    const snapshot = assembleSnapshot({ parts, startedMs, ending: 'complete' }, collectors);
    const page = format && write(snapshot, format);
    const hasCounts = page === undefined || Atomics.load(countsWanted, 0) !== 0;
    const last = held.map((part) => (hasCounts ? part : withStatesOnly(part)));
    send({ type: 'done', id, end: { parts: last, hasCounts, ...(page && { page }) } }, page && [page.buffer]);
  };

  /** Undefined if that fails: the main thread then tries it with the counts, and tells its client why. */
  function write(snapshot: Snapshot, format: ExpositionFormat): Uint8Array<ArrayBuffer> | undefined {
    try {
      return new TextEncoder().encode(writeFamilies(buildFamilies(snapshot, build), format));
    } catch {
      return undefined;
    }
  }
}

/** Of what is counted only what costs nothing to send. */
function withStatesOnly({ sockets, facts, ...part }: CollectedPart): CollectedPart {
  const { netns: _, connectionEvents: __, ...others } = facts ?? {};
  return {
    ...part,
    ...(facts && { facts: others }),
    ...(sockets?.states && { sockets: { states: sockets.states } }),
  };
}
