import type { Wine } from './wine.ts';

const PARAMETERS = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';

/** Sets numbers among the parameters of TCP/IP in the registry, such as TcpTimedWaitDelay. */
export async function setTcpParameters(wine: Wine, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, value] of Object.entries(values))
    await wine.run('reg', 'add', PARAMETERS, '/v', name, '/t', 'REG_DWORD', '/d', String(value), '/f');
}
