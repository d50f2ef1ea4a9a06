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

/** What a process can be known by. Script: what an interpreter runs. */
export const PROCESS_TRAITS = ['process', 'unit', 'container', 'script', 'command_line'] as const;
export type ProcessTrait = (typeof PROCESS_TRAITS)[number];

/** Gives the processes that have all of these traits a name. */
export interface ProcessRule {
  /** Patterns, as `compileGlob` has them. */
  readonly traits: readonly (readonly [trait: ProcessTrait, pattern: string])[];
  /** `{unit}` in it stands for the trait, `{any}` for the word of a pattern. */
  readonly name: string;
}

export type HostThresholds = Readonly<Partial<Record<ThresholdAlert, number>>>;

/** What the configuration file says. Plain data: it crosses to the collector thread. */
export interface FileConfig {
  readonly destinations: readonly DestinationRule[];
  /** The first one that fits a process names it. */
  readonly processes: readonly ProcessRule[];
  /** The host's own threshold of an alert. */
  readonly thresholds: HostThresholds;
}

/** The content of the file that is in use; not `isCurrent`: the file has changed since, and is broken. */
export interface ConfigInUse extends FileConfig {
  readonly isCurrent: boolean;
}
