/** An error that names the call and the Windows error code: `OpenProcess(1234): ERROR_ACCESS_DENIED`. */
export class WindowsError extends Error {
  readonly code: number;

  constructor(call: string, code: number) {
    super(`${call}: ${ERROR_NAMES.get(code) ?? `error ${code}`}`);
    this.name = 'WindowsError';
    this.code = code;
  }
}

/** Codes that this platform handles, or that an operator is likely to see (winerror.h). */
export const WindowsErrorCode = {
  success: 0,
  fileNotFound: 2,
  accessDenied: 5,
  noMoreFiles: 18,
  notSupported: 50,
  invalidParameter: 87,
  insufficientBuffer: 122,
  moreData: 234,
} as const;

const ERROR_NAMES: ReadonlyMap<number, string> = new Map([
  [WindowsErrorCode.fileNotFound, 'ERROR_FILE_NOT_FOUND'],
  [WindowsErrorCode.accessDenied, 'ERROR_ACCESS_DENIED'],
  [8, 'ERROR_NOT_ENOUGH_MEMORY'],
  [WindowsErrorCode.noMoreFiles, 'ERROR_NO_MORE_FILES'],
  [WindowsErrorCode.notSupported, 'ERROR_NOT_SUPPORTED'],
  [WindowsErrorCode.invalidParameter, 'ERROR_INVALID_PARAMETER'],
  [WindowsErrorCode.insufficientBuffer, 'ERROR_INSUFFICIENT_BUFFER'],
  [WindowsErrorCode.moreData, 'ERROR_MORE_DATA'],
  [1630, 'ERROR_UNSUPPORTED_TYPE'],
]);
