import { ConfigRefusal } from '../config/config.ts';
import { WindowsError } from '../platform/windows/dll/windows-error.ts';
import type { ServiceCalls } from './service-calls.ts';
import { encodeServiceStatus, SERVICE_HEADERS, type ServiceState } from './service-status.ts';

/** This process as the service manager sees it. */
export interface WindowsService {
  /** Reports that the service runs. `stop` is called once, when it must end. */
  isRunning(stop: () => void): void;
  /** Reports that the process ends now. How the service manager takes it depends on how far the service had come. */
  isEnding(exitCode: number): void;
}

/** A service with its own process keeps the name it was created with, whatever name it gives here. */
const NAME = 'tcpstate-exporter';
const { SERVICE_CONTROL_STOP, SERVICE_CONTROL_SHUTDOWN, SERVICE_CONTROL_INTERROGATE } = SERVICE_HEADERS;
const NO_ERROR = 0;

/** Connects to the service manager; settles once that has started the service. Refuses if it does not. */
export function enterService(calls: ServiceCalls): Promise<WindowsService> {
  return new Promise((resolve, reject) => {
    const serviceMain = () => {
      try {
        resolve(beginService(calls));
      } catch (error) {
        reject(error); // an exception must not reach native code
      }
    };
    calls.dispatch(NAME, serviceMain).then((code) => {
      if (code !== SERVICE_HEADERS.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
        reject(new WindowsError('StartServiceCtrlDispatcherW', code)); // without effect once the service has started
      } else
        reject(
          new ConfigRefusal(
            '--service is for the service manager of Windows, and it did not start this process: run without --service, or install it as a service',
          ),
        );
    }, reject);
  });
}

function beginService(calls: ServiceCalls): WindowsService {
  let state: ServiceState = 'starting';
  let onStop = () => {};
  const service = calls.registerHandler(NAME, handle);
  if (service === 0) throw new WindowsError('RegisterServiceCtrlHandlerExW', calls.getLastError());
  tell('starting');
  return {
    isRunning(stop) {
      onStop = stop;
      tell('running');
    },
    isEnding(exitCode) {
      // Reports no crash: the service manager sees it itself, and only then acts as configured for failures (restart).
      if (state === 'stopped' || (state === 'running' && exitCode !== 0)) return;
      calls.setStatus(service, encodeServiceStatus('stopped', state === 'starting' ? exitCode : 0));
      state = 'stopped';
    },
  };

  function tell(next: ServiceState): void {
    state = next;
    if (calls.setStatus(service, encodeServiceStatus(next, 0)) !== 0) return;
    throw new WindowsError(`SetServiceStatus(${next})`, calls.getLastError());
  }

  function handle(control: number): number {
    if (control === SERVICE_CONTROL_INTERROGATE) return NO_ERROR;
    if (control !== SERVICE_CONTROL_STOP && control !== SERVICE_CONTROL_SHUTDOWN) {
      return SERVICE_HEADERS.ERROR_CALL_NOT_IMPLEMENTED;
    }
    if (state === 'running') {
      tell('stopping');
      setImmediate(onStop); // the service manager's thread waits for the answer
    }
    return NO_ERROR;
  }
}
