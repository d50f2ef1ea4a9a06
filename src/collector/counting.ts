import { createEnrichment, type EnrichInput } from '../enrich/index.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { SocketCounts } from '../model/socket-counts.ts';
import { groupPeers } from '../table/peers.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { createTally, type TallyInput } from '../tally/index.ts';

export type CountingInput = Omit<TallyInput, 'classes' | 'closeWait'> & EnrichInput;

/**
 * The last steps of a scrape: enrich the rows of a table, count them, commit them. The table may be turned afterwards.
 */
export function createCounting(table: SocketTable, limits: TallyLimits): (input: CountingInput) => SocketCounts {
  const enrich = createEnrichment(table);
  const peers = groupPeers(table, limits);
  const tally = createTally(table, peers, limits);

  return function count(input) {
    const classes = enrich(input);
    peers.prepare(input.filters);
    const counts = tally({ ...input, classes });
    table.commit();
    return counts;
  };
}
