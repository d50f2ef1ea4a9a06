import { readdirSync, statSync } from 'node:fs';
import { toPrintable } from '../../../model/printable-text.ts';
import type { Notice } from '../../platform.ts';

export interface PodName {
  readonly namespace: string;
  readonly pod: string;
}

/** A folder that has not changed for so long before it was listed is listed again only when it changes. */
const SETTLED_MS = 1000;

export interface KubeletLogs {
  startScrape(nowMs: number): void;
  /** By the pod's uid. */
  podOf(uid: string): PodName | undefined;
  /** By the container's id. */
  containerOf(id: string): string | undefined;
}

/**
 * Names of pods and containers by their ids, from the names of the kubelet's log folders below `logs`: `pods/<namespace>_<pod>_<uid>/`
 * and `containers/<pod>_<namespace>_<container>-<id>.log` (pkg/kubelet/kuberuntime/helpers.go and legacy.go). Nothing in them is opened,
 * and nobody is asked.
 */
export function createKubeletLogs(logs: string): KubeletLogs {
  let scrapeMs = 0;
  const now = () => scrapeMs;
  const pods = createNames(`${logs}/pods`, parsePodFolder, now);
  const containers = createNames(`${logs}/containers`, parseContainerLog, now);
  return {
    startScrape(nowMs) {
      scrapeMs = nowMs;
    },
    podOf: pods.nameOf,
    containerOf: containers.nameOf,
  };
}

/** Folders that are there and closed to us: without them pods and containers have no name. */
export function describeKubeletLogs(logs: string): readonly Notice[] {
  return [`${logs}/pods`, `${logs}/containers`].flatMap((folder) => {
    const code = codeOfListing(folder);
    if (code !== 'EACCES' && code !== 'EPERM') return [];
    const message = `cannot list ${folder} (${code}): the names of pods and containers are not known; let the exporter's user read that folder, or give it CAP_DAC_READ_SEARCH`;
    return [{ level: 'warn', message } as const];
  });
}

function codeOfListing(folder: string): unknown {
  try {
    readdirSync(folder);
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

/** Of a Kubernetes name: a DNS label or subdomain has neither `_` nor anything to escape, but a folder can be called anything. */
export function parsePodFolder(folder: string): readonly [uid: string, name: PodName] | undefined {
  const [namespace, pod, uid, ...more] = folder.split('_');
  if (!namespace || !pod || !uid || more.length > 0) return undefined;
  return [uid, { namespace: toPrintable(namespace), pod: toPrintable(pod) }];
}

/** The kubelet cuts a name of more than 255 bytes, and with it the id: that container has no name. */
export function parseContainerLog(file: string): readonly [id: string, name: string] | undefined {
  const match = /^[^_]+_[^_]+_(.+)-([0-9a-f]{64})\.log$/.exec(file);
  return match === null ? undefined : [match[2]!, toPrintable(match[1]!)];
}

function createNames<Name>(
  folder: string,
  parse: (entry: string) => readonly [id: string, name: Name] | undefined,
  now: () => number,
) {
  let names: ReadonlyMap<string, Name> = new Map();
  let checkedMs = Number.NaN;
  let listedMtimeMs: number | undefined;

  return { nameOf };

  /** One that is not known is looked for once per scrape; sandboxes of pods never have a name. */
  function nameOf(id: string): Name | undefined {
    const known = names.get(id);
    if (known !== undefined || checkedMs === now()) return known;
    checkedMs = now();
    const mtimeMs = mtimeOf(folder);
    if (mtimeMs === undefined || mtimeMs !== listedMtimeMs) {
      // what came in the same tick of the file system's clock would not show
      listedMtimeMs = mtimeMs !== undefined && Date.now() - mtimeMs > SETTLED_MS ? mtimeMs : undefined;
      names = new Map(
        list(folder)
          .map(parse)
          .filter((pair) => pair !== undefined),
      );
    }
    return names.get(id);
  }
}

function mtimeOf(folder: string): number | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    return undefined;
  }
}

/** Without Kubernetes, or if the folder is closed to us, nothing has a name: pods keep their uid. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
