import type { Network } from './network-set.ts';
import type { PortInterval } from './port-range.ts';
import type { ThresholdAlert } from './threshold-alerts.ts';

/** Gives the peers in a network a name. */
export interface DestinationRule extends Network {
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

/** Which values of a label have series: those of `include`, absent = all, without those of `exclude`. */
export interface LabelRules<Rule> {
  readonly include?: readonly Rule[];
  readonly exclude: readonly Rule[];
}

/** What the breakdowns leave out, by label; absent: nothing. Names may have `*` and `?`. */
export interface FilterRules {
  readonly localPort?: LabelRules<PortInterval>;
  readonly remotePort?: LabelRules<PortInterval>;
  readonly remoteIp?: LabelRules<Network>;
  readonly process?: LabelRules<string>;
  readonly unit?: LabelRules<string>;
  /** Whether what is left out has no cell on the page. */
  readonly isDropped: boolean;
}

/** What the configuration file says. Plain data: it crosses to the collector thread. */
export interface FileConfig {
  readonly destinations: readonly DestinationRule[];
  /** The first one that fits a process names it. */
  readonly processes: readonly ProcessRule[];
  /** The host's own threshold of an alert. */
  readonly thresholds: HostThresholds;
  readonly filters?: FilterRules;
}

/** The content of the file that is in use; not `isCurrent`: the file has changed since, and is broken. */
export interface ConfigInUse extends FileConfig {
  readonly isCurrent: boolean;
}
