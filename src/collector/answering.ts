import { writeFamilies } from '../metrics/exposition.ts';
import type { ExpositionFormat } from '../metrics/family.ts';
import { buildFamilies } from '../metrics/index.ts';
import type { BuildInfo } from '../model/build-info.ts';
import { toEarlierLook } from '../model/earlier-look.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { createCollection } from './collect.ts';
import type { CollectedPart, CollectorMessage, CollectRequest, ToldLook } from './protocol.ts';
import { assembleSnapshot } from './snapshot.ts';

type Send = (message: CollectorMessage, transfer?: ArrayBuffer[]) => void;

/** Looks kept for somebody who may want the counts: one of them is long enough ago for rates. */
const MOST_KEPT = 2;

/**
 * Answers requests in the collector thread. Facts are sent as soon as they are there: what comes next may hang, or take longer than
 * the request may wait. The counts are sent as a page, or themselves if somebody wants them, with those of the collections before.
 * `everything`: how many collectors there are.
 */
export function createAnswering(
  collect: ReturnType<typeof createCollection>,
  build: BuildInfo,
  everything: number,
  send: Send,
) {
  let kept: { readonly snapshot: Snapshot; readonly atMs: number }[] = [];

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
    const earlier = hasCounts ? takeKept() : [];
    if (!hasCounts && collectors.length === everything)
      kept = [...kept, { snapshot: toEarlierLook(snapshot), atMs: performance.now() }].slice(-MOST_KEPT);
    const end = { parts: last, hasCounts, ...(page && { page }), ...(earlier.length > 0 && { earlier }) };
    send({ type: 'done', id, end }, page && [page.buffer]);
  };

  /** Once: whoever gets them keeps them. */
  function takeKept(): ToldLook[] {
    const told = kept.map(({ snapshot, atMs }) => ({ snapshot, secondsAgo: (performance.now() - atMs) / 1000 }));
    kept = [];
    return told;
  }

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
