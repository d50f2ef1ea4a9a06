/** SERVICE_STATUS (winsvc.h): seven DWORDs, by index. */
export const SERVICE_STATUS = {
  dwServiceType: 0,
  dwCurrentState: 1,
  dwControlsAccepted: 2,
  dwWin32ExitCode: 3,
  dwServiceSpecificExitCode: 4,
  dwCheckPoint: 5,
  dwWaitHint: 6,
  length: 7,
} as const;

/** Numbers of winsvc.h and winerror.h. */
export const SERVICE_HEADERS = {
  SERVICE_WIN32_OWN_PROCESS: 0x10,
  SERVICE_STOPPED: 1,
  SERVICE_START_PENDING: 2,
  SERVICE_STOP_PENDING: 3,
  SERVICE_RUNNING: 4,
  SERVICE_ACCEPT_STOP: 1,
  SERVICE_ACCEPT_SHUTDOWN: 4,
  SERVICE_CONTROL_STOP: 1,
  SERVICE_CONTROL_INTERROGATE: 4,
  SERVICE_CONTROL_SHUTDOWN: 5,
  ERROR_CALL_NOT_IMPLEMENTED: 120,
  ERROR_FAILED_SERVICE_CONTROLLER_CONNECT: 1063,
  ERROR_SERVICE_SPECIFIC_ERROR: 1066,
} as const;

export type ServiceState = 'starting' | 'running' | 'stopping' | 'stopped';

const STATES: Readonly<Record<ServiceState, number>> = {
  starting: SERVICE_HEADERS.SERVICE_START_PENDING,
  running: SERVICE_HEADERS.SERVICE_RUNNING,
  stopping: SERVICE_HEADERS.SERVICE_STOP_PENDING,
  stopped: SERVICE_HEADERS.SERVICE_STOPPED,
};

/**
 * How long the service manager waits for the next state. Node.js starts and stops within a second each, but a machine
 * that has just booted is busy.
 */
const WAIT_HINTS_MS: Readonly<Record<ServiceState, number>> = {
  starting: 30_000,
  running: 0,
  stopping: 10_000,
  stopped: 0,
};

/** A SERVICE_STATUS. `exitCode`: of a stopped service; if not 0, it shows as the service-specific error. */
export function encodeServiceStatus(state: ServiceState, exitCode: number): Uint32Array {
  const status = new Uint32Array(SERVICE_STATUS.length);
  const { SERVICE_ACCEPT_STOP, SERVICE_ACCEPT_SHUTDOWN } = SERVICE_HEADERS;
  status[SERVICE_STATUS.dwServiceType] = SERVICE_HEADERS.SERVICE_WIN32_OWN_PROCESS;
  status[SERVICE_STATUS.dwCurrentState] = STATES[state];
  status[SERVICE_STATUS.dwControlsAccepted] = state === 'running' ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0;
  status[SERVICE_STATUS.dwWin32ExitCode] = exitCode === 0 ? 0 : SERVICE_HEADERS.ERROR_SERVICE_SPECIFIC_ERROR;
  status[SERVICE_STATUS.dwServiceSpecificExitCode] = exitCode;
  status[SERVICE_STATUS.dwCheckPoint] = WAIT_HINTS_MS[state] > 0 ? 1 : 0;
  status[SERVICE_STATUS.dwWaitHint] = WAIT_HINTS_MS[state];
  return status;
}
