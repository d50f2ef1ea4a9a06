import type { AddressWords } from './ip-address.ts';
import type { ThresholdAlert } from './threshold-alerts.ts';

/** Gives the peers in a network a name. */
export interface DestinationRule {
  readonly network: AddressWords;
  /** Length of the prefix, from the start of the address's own family: 0–32 of IPv4. */
  readonly prefix: number;
  /** Absent: every port. */
  readonly port?: number;
  readonly name: string;
}

export type HostThresholds = Readonly<Partial<Record<ThresholdAlert, number>>>;

/** What the configuration file says. Plain data: it crosses to the collector thread. */
export interface FileConfig {
  readonly destinations: readonly DestinationRule[];
  /** The host's own threshold of an alert. */
  readonly thresholds: HostThresholds;
}

/** The content of the file that is in use; not `isCurrent`: the file has changed since, and is broken. */
export interface ConfigInUse extends FileConfig {
  readonly isCurrent: boolean;
}
