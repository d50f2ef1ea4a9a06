/* Prints where the fields stand that the codecs read, as the compiler and the headers for Windows have them. */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>
#include <ws2ipdef.h>
#include <windows.h>
#include <iphlpapi.h>
#include <tlhelp32.h>
#include <winternl.h>
#include <stddef.h>
#include <stdio.h>

#define AT(name, type, field) printf(",\"" name "\":%d", (int)offsetof(type, field))
#define INDEX(name, field) printf(",\"" name "\":%d", (int)(offsetof(MIB_TCPSTATS, field) / sizeof(DWORD)))
#define DWORD_OF(type, field) printf(",\"" #field "\":%d", (int)(offsetof(type, field) / sizeof(DWORD)))
#define SIZE(name, what) printf(",\"" name "\":%d", (int)sizeof(what))
#define NUMBER(name) printf(",\"" #name "\":%lld", (long long)(intptr_t)(name))

#define TABLE(holder, row, state_, localAddress_, remoteAddress_)                \
  printf(",\"" #row "\":{\"firstRow\":%d", (int)offsetof(holder, table));        \
  SIZE("rowLength", row);                                                        \
  AT("state", row, state_);                                                      \
  AT("localAddress", row, localAddress_);                                        \
  AT("localPort", row, dwLocalPort);                                             \
  AT("remoteAddress", row, remoteAddress_);                                      \
  AT("remotePort", row, dwRemotePort);                                           \
  AT("pid", row, dwOwningPid)

int main(void) {
  printf("{\"pointer\":%d", (int)sizeof(void *));

  TABLE(MIB_TCPTABLE_OWNER_MODULE, MIB_TCPROW_OWNER_MODULE, dwState, dwLocalAddr, dwRemoteAddr);
  AT("created", MIB_TCPROW_OWNER_MODULE, liCreateTimestamp);
  printf("}");
  TABLE(MIB_TCP6TABLE_OWNER_MODULE, MIB_TCP6ROW_OWNER_MODULE, dwState, ucLocalAddr, ucRemoteAddr);
  AT("created", MIB_TCP6ROW_OWNER_MODULE, liCreateTimestamp);
  printf("}");
  TABLE(MIB_TCPTABLE2, MIB_TCPROW2, dwState, dwLocalAddr, dwRemoteAddr);
  printf("}");
  TABLE(MIB_TCP6TABLE2, MIB_TCP6ROW2, State, LocalAddr, RemoteAddr);
  printf("}");

  printf(",\"MIB_TCPSTATS\":{\"length\":%d", (int)(sizeof(MIB_TCPSTATS) / sizeof(DWORD)));
  INDEX("activeOpens", dwActiveOpens);
  INDEX("passiveOpens", dwPassiveOpens);
  INDEX("attemptFails", dwAttemptFails);
  INDEX("estabResets", dwEstabResets);
  INDEX("inSegments", dwInSegs);
  INDEX("outSegments", dwOutSegs);
  INDEX("retransmittedSegments", dwRetransSegs);
  INDEX("inErrors", dwInErrs);
  INDEX("sentResets", dwOutRsts);

  printf("},\"PROCESSENTRY32W\":{\"length\":%d", (int)sizeof(PROCESSENTRY32W));
  AT("pid", PROCESSENTRY32W, th32ProcessID);
  AT("name", PROCESSENTRY32W, szExeFile);
  SIZE("nameLength", ((PROCESSENTRY32W *)0)->szExeFile);

  printf("},\"ENUM_SERVICE_STATUS_PROCESSW\":{\"length\":%d", (int)sizeof(ENUM_SERVICE_STATUS_PROCESSW));
  AT("name", ENUM_SERVICE_STATUS_PROCESSW, lpServiceName);
  AT("type", ENUM_SERVICE_STATUS_PROCESSW, ServiceStatusProcess.dwServiceType);
  AT("pid", ENUM_SERVICE_STATUS_PROCESSW, ServiceStatusProcess.dwProcessId);

  printf("},\"UNICODE_STRING\":{\"size\":%d", (int)sizeof(UNICODE_STRING));
  AT("length", UNICODE_STRING, Length);

  printf("},\"SERVICE_STATUS\":{\"length\":%d", (int)(sizeof(SERVICE_STATUS) / sizeof(DWORD)));
  DWORD_OF(SERVICE_STATUS, dwServiceType);
  DWORD_OF(SERVICE_STATUS, dwCurrentState);
  DWORD_OF(SERVICE_STATUS, dwControlsAccepted);
  DWORD_OF(SERVICE_STATUS, dwWin32ExitCode);
  DWORD_OF(SERVICE_STATUS, dwServiceSpecificExitCode);
  DWORD_OF(SERVICE_STATUS, dwCheckPoint);
  DWORD_OF(SERVICE_STATUS, dwWaitHint);

  printf("},\"SERVICE_TABLE_ENTRYW\":{\"length\":%d", (int)sizeof(SERVICE_TABLE_ENTRYW));
  AT("name", SERVICE_TABLE_ENTRYW, lpServiceName);
  AT("main", SERVICE_TABLE_ENTRYW, lpServiceProc);

  printf("},\"numbers\":{\"AF_INET\":%d", AF_INET);
  NUMBER(AF_INET6);
  NUMBER(TCP_TABLE_OWNER_MODULE_ALL);
  NUMBER(TH32CS_SNAPPROCESS);
  NUMBER(PROCESS_QUERY_LIMITED_INFORMATION);
  NUMBER(RRF_RT_REG_DWORD);
  NUMBER(HKEY_LOCAL_MACHINE);
  NUMBER(SC_MANAGER_ENUMERATE_SERVICE);
  NUMBER(SC_ENUM_PROCESS_INFO);
  NUMBER(SERVICE_WIN32);
  NUMBER(SERVICE_ACTIVE);
  NUMBER(SERVICE_WIN32_OWN_PROCESS);
  NUMBER(SERVICE_STOPPED);
  NUMBER(SERVICE_START_PENDING);
  NUMBER(SERVICE_STOP_PENDING);
  NUMBER(SERVICE_RUNNING);
  NUMBER(SERVICE_ACCEPT_STOP);
  NUMBER(SERVICE_ACCEPT_SHUTDOWN);
  NUMBER(SERVICE_CONTROL_STOP);
  NUMBER(SERVICE_CONTROL_INTERROGATE);
  NUMBER(SERVICE_CONTROL_SHUTDOWN);
  NUMBER(ERROR_CALL_NOT_IMPLEMENTED);
  NUMBER(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT);
  NUMBER(ERROR_SERVICE_SPECIFIC_ERROR);
  printf("}}\n");
  return 0;
}
