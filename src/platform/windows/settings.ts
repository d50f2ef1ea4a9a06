import type { TcpSettings } from '../../model/settings.ts';
import type { Advapi32 } from './dll/advapi32.ts';
import { readDword } from './dll/registry.ts';

const PARAMETERS = 'SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';

/** All Microsoft pages about TcpTimedWaitDelay allow these values; none says what Windows does beyond them. */
const SHORTEST_DELAY_SECONDS = 30;
const LONGEST_DELAY_SECONDS = 300;

/** Reads TCP's settings from the registry. Unset ones are absent: the defaults are not documented clearly. */
export function readSettings(advapi32: Advapi32): TcpSettings {
  const delay = readDword(advapi32, PARAMETERS, 'TcpTimedWaitDelay');
  const maxUserPort = readDword(advapi32, PARAMETERS, 'MaxUserPort');
  const isAllowed = delay !== undefined && delay >= SHORTEST_DELAY_SECONDS && delay <= LONGEST_DELAY_SECONDS;
  return {
    ...(delay !== undefined && { tcpTimedWaitDelaySeconds: delay }),
    ...(isAllowed && { timeWaitDurationSeconds: delay }),
    ...(maxUserPort !== undefined && { maxUserPort }),
  };
}
