import koffi from 'koffi';
import type { Handle } from '../platform/windows/dll/kernel32.ts';

/** The calls of advapi32.dll that make a process a service. A test's service manager has the same. */
export interface ServiceCalls {
  /**
   * Connects this process to the service manager, which then calls `serviceMain`. Settles when all services of the
   * process have stopped: with 0, or with the error code of a failed connection.
   */
  dispatch(name: string, serviceMain: () => void): Promise<number>;
  /**
   * Registers the handler for the service manager's requests. It answers with a Windows error code. 0 = failed, see
   * GetLastError.
   */
  registerHandler(name: string, handle: (control: number) => number): Handle;
  /** `status` is a SERVICE_STATUS. 0 = failed, see GetLastError. */
  setStatus(service: Handle, status: Uint32Array): number;
  getLastError(): number;
}

/**
 * Binds the calls of the DLL at `path`. The service manager calls back on its own threads; koffi passes each call to
 * the JavaScript thread, and the other one waits for the answer.
 */
export function loadServiceCalls(path: string, getLastError: () => number): ServiceCalls {
  const dll = koffi.load(path);
  const serviceMainType = koffi.pointer(koffi.proto('void __stdcall ServiceMain(uint32_t count, void *arguments)'));
  const handlerType = koffi.pointer(
    koffi.proto('uint32_t __stdcall HandlerEx(uint32_t control, uint32_t type, void *data, void *context)'),
  );
  // SERVICE_TABLE_ENTRYW: pointers to name and function; a zero entry ends the table
  const startDispatcher = dll.func('int __stdcall StartServiceCtrlDispatcherW(void *table)');
  const register = dll.func(
    'intptr_t __stdcall RegisterServiceCtrlHandlerExW(str16 name, HandlerEx *handler, void *context)',
  );
  return {
    dispatch(name, serviceMain) {
      const nameText = Buffer.from(`${name}\0`, 'utf16le');
      const callback = koffi.register(() => serviceMain(), serviceMainType);
      const table = new BigUint64Array([koffi.address(nameText), koffi.address(callback), 0n, 0n]);
      const inUse: unknown[] = [nameText, table]; // by the service manager, which the garbage collector does not know
      return new Promise((resolve, reject) => {
        startDispatcher.async(table, (error: Error | null, isDone: number) => {
          const code = isDone === 0 ? getLastError() : 0;
          koffi.unregister(callback);
          inUse.length = 0;
          if (error !== null) reject(error);
          else resolve(code);
        });
      });
    },
    registerHandler: (name, handle) => register(name, koffi.register(handle, handlerType), null),
    setStatus: dll.func('int __stdcall SetServiceStatus(intptr_t service, void *status)'),
    getLastError,
  };
}
