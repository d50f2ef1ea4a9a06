/**
 * Numbers named in Microsoft's headers. `test/windows/c/layouts.c` prints them from the headers, and a test compares.
 */
export const HEADERS = {
  // ws2def.h
  AF_INET: 2,
  AF_INET6: 23,
  // iprtrmib.h
  TCP_TABLE_OWNER_MODULE_ALL: 8,
  // tlhelp32.h
  TH32CS_SNAPPROCESS: 2,
  // winnt.h, winreg.h; the key is a sign-extended 32-bit number
  PROCESS_QUERY_LIMITED_INFORMATION: 0x1000,
  RRF_RT_REG_DWORD: 0x10,
  HKEY_LOCAL_MACHINE: -2_147_483_646,
  // winsvc.h
  SC_MANAGER_ENUMERATE_SERVICE: 4,
  SC_ENUM_PROCESS_INFO: 0,
  SERVICE_WIN32: 0x30,
  SERVICE_ACTIVE: 1,
} as const;
