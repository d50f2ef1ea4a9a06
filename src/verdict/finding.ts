import type { FamilyLabel } from '../model/socket-counts.ts';
import type { FindingKind } from './advice.ts';

/**
 * `critical` and `warning` are those of the alert on the same thing. `unknown`: what this host does cannot be told from here.
 * `info`: nothing fails, but whoever reads the verdict should know it.
 */
export type Severity = 'critical' | 'warning' | 'unknown' | 'info';

/** One thing that is wrong, or about to be. Texts are final, names in them printable; numbers in base units. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly subject: Subject;
  /** By names that end in their unit where they are no counts: `ports`, `timeWait`, `oldestSeconds`, `utilizationRatio`. */
  readonly numbers: Readonly<Record<string, number>>;
  /** One sentence: subject and numbers. */
  readonly headline: string;
  /** Further facts, each a short clause. */
  readonly details: readonly string[];
  readonly owner?: Owner;
  readonly means: string;
  readonly do: string;
  readonly doNot: string;
  /** The alert that watches the same thing, and its section of deploy/prometheus/runbook.md, without the hash. */
  readonly alert?: string;
  readonly runbook?: string;
}

/** What a finding is about. */
export type Subject =
  | {
      readonly type: 'destination';
      readonly family: FamilyLabel;
      readonly localIp: string;
      readonly remoteIp: string;
      readonly remotePort: number;
      /** Absent if the configuration has no name for it. */
      readonly remoteName?: string;
    }
  | { readonly type: 'process'; readonly process: string }
  | { readonly type: 'listener'; readonly localIp: string; readonly localPort: number; readonly process: string }
  /** A pod, or another network namespace; the texts as on the page. */
  | { readonly type: 'pod'; readonly netns: string; readonly container: string; readonly process: string }
  | { readonly type: 'limit'; readonly limit: LimitName }
  | { readonly type: 'host' }
  | { readonly type: 'exporter' };

/** Limits of the host that TCP can reach. */
export type LimitName =
  | 'ephemeral_ports'
  | 'time_wait'
  | 'conntrack'
  | 'orphans'
  | 'tcp_memory'
  | 'open_files'
  | 'syn_backlog';

/** Who is behind it. `isInferred`: nobody saw who left the TIME_WAIT sockets; this process has open connections to the same destination. */
export interface Owner {
  readonly process: string;
  readonly isInferred: boolean;
  /** Open connections that it has there. */
  readonly openConnections: number;
}
