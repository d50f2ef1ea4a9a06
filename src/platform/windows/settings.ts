import type { TcpSettings } from '../../model/settings.ts';
import type { Advapi32 } from './dll/advapi32.ts';
import { readDword } from './dll/registry.ts';

const PARAMETERS = 'SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';

/** Every page of Microsoft about TcpTimedWaitDelay allows these; beyond them nobody says what Windows does. */
const SHORTEST_DELAY_SECONDS = 30;
const LONGEST_DELAY_SECONDS = 300;

/** Reads the settings of TCP from the registry. What is not set there is absent: the default is not documented clearly. */
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
