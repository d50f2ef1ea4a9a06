import { createConfigured } from '../../../src/collector/apply-config.ts';
import { parseConfigFile } from '../../../src/config/file/config-file.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { LINUX_SNAPSHOT } from './linux-snapshot.ts';

const FILE = `destinations:
  10.0.0.20/32:5432: postgres-primary
  10.0.0.0/24: backend
  10.96.0.0/16: cluster services
  2001:db8:14::/48: office
thresholds:
  TcpSynSentPiling: 500
  TcpEphemeralPortsHigh: 0.8
`;

/** The host of linux.txt with a configuration file. */
export const NAMES_SNAPSHOT: Snapshot = nameAll(LINUX_SNAPSHOT);

function nameAll({ sockets, outcomes, ...facts }: Snapshot): Snapshot {
  const configured = createConfigured({ ...parseConfigFile(FILE, 'names.yml'), isCurrent: true });
  const part = configured({ ...(sockets && { sockets }), facts, outcomes });
  return { ...part.facts, ...(part.sockets && { sockets: part.sockets }), outcomes };
}
