/*
 * A DLL with the calls of iphlpapi.dll and ntdll.dll that the exporter binds, for what Wine lacks: tables with times of
 * creation and rubbish where Windows leaves bytes undefined, bound sockets on the heap, a command line.
 */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>
#include <ws2ipdef.h>
#include <windows.h>
#include <iphlpapi.h>
#include <winternl.h>
#include <string.h>

#define EXPORT __declspec(dllexport)
#define RUBBISH 0xAB000000u
/* 2026-01-01T00:00:00Z as a FILETIME */
#define CREATED 134116992000000000LL

static DWORD address_v4(int a, int b, int c, int d) { return a | b << 8 | c << 16 | (DWORD)d << 24; }
static DWORD port(int number) { return RUBBISH | htons((u_short)number); }

static DWORD tables_v4(MIB_TCPTABLE_OWNER_MODULE *table, DWORD *size) {
  DWORD needed = offsetof(MIB_TCPTABLE_OWNER_MODULE, table) + 2 * sizeof(MIB_TCPROW_OWNER_MODULE);
  DWORD capacity = *size;
  *size = needed;
  if (capacity < needed) return ERROR_INSUFFICIENT_BUFFER;
  memset(table, 0xAB, needed);
  table->dwNumEntries = 2;
  MIB_TCPROW_OWNER_MODULE *row = table->table;
  row->dwState = MIB_TCP_STATE_LISTEN;
  row->dwLocalAddr = address_v4(0, 0, 0, 0);
  row->dwLocalPort = port(443);
  row->dwOwningPid = 4;
  row++;
  row->dwState = MIB_TCP_STATE_CLOSE_WAIT;
  row->dwLocalAddr = address_v4(10, 0, 0, 5);
  row->dwLocalPort = port(50001);
  row->dwRemoteAddr = address_v4(10, 0, 0, 9);
  row->dwRemotePort = port(1433);
  row->dwOwningPid = 4321;
  row->liCreateTimestamp.QuadPart = CREATED;
  return NO_ERROR;
}

static DWORD tables_v6(MIB_TCP6TABLE_OWNER_MODULE *table, DWORD *size) {
  DWORD needed = offsetof(MIB_TCP6TABLE_OWNER_MODULE, table) + sizeof(MIB_TCP6ROW_OWNER_MODULE);
  DWORD capacity = *size;
  *size = needed;
  if (capacity < needed) return ERROR_INSUFFICIENT_BUFFER;
  memset(table, 0xAB, needed);
  table->dwNumEntries = 1;
  MIB_TCP6ROW_OWNER_MODULE *row = table->table;
  static const UCHAR local[16] = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
  static const UCHAR remote[16] = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  memcpy(row->ucLocalAddr, local, 16);
  memcpy(row->ucRemoteAddr, remote, 16);
  row->dwLocalPort = port(443);
  row->dwRemotePort = port(50002);
  row->dwState = MIB_TCP_STATE_TIME_WAIT;
  row->dwOwningPid = 0;
  return NO_ERROR;
}

EXPORT DWORD WINAPI GetExtendedTcpTable(void *table, DWORD *size, WINBOOL order, ULONG family, TCP_TABLE_CLASS class,
                                        ULONG reserved) {
  if (order || reserved || class != TCP_TABLE_OWNER_MODULE_ALL) return ERROR_INVALID_PARAMETER;
  if (family == AF_INET) return tables_v4(table, size);
  return family == AF_INET6 ? tables_v6(table, size) : ERROR_INVALID_PARAMETER;
}

EXPORT DWORD WINAPI GetTcpStatisticsEx(MIB_TCPSTATS *statistics, ULONG family) {
  memset(statistics, 0, sizeof *statistics);
  statistics->dwActiveOpens = family == AF_INET ? 100 : 20;
  statistics->dwOutRsts = 3;
  return family == AF_INET || family == AF_INET6 ? NO_ERROR : ERROR_INVALID_PARAMETER;
}

EXPORT DWORD WINAPI InternalGetBoundTcpEndpointTable(void **result, HANDLE heap, DWORD flags) {
  DWORD size = offsetof(MIB_TCPTABLE2, table) + 2 * sizeof(MIB_TCPROW2);
  MIB_TCPTABLE2 *table = HeapAlloc(heap, flags, size);
  if (!table) return ERROR_NOT_ENOUGH_MEMORY;
  memset(table, 0xAB, size);
  table->dwNumEntries = 2;
  table->table[0].dwLocalAddr = address_v4(0, 0, 0, 0);
  table->table[0].dwLocalPort = port(443); /* the listener once more */
  table->table[0].dwOwningPid = 4;
  table->table[1].dwLocalAddr = address_v4(10, 0, 0, 5);
  table->table[1].dwLocalPort = port(50003);
  table->table[1].dwOwningPid = 4321;
  *result = table;
  return NO_ERROR;
}

EXPORT DWORD WINAPI InternalGetBoundTcp6EndpointTable(void **result, HANDLE heap, DWORD flags) {
  DWORD size = offsetof(MIB_TCP6TABLE2, table) + sizeof(MIB_TCP6ROW2);
  MIB_TCP6TABLE2 *table = HeapAlloc(heap, flags, size);
  if (!table) return ERROR_NOT_ENOUGH_MEMORY;
  memset(table, 0xAB, size);
  table->dwNumEntries = 1;
  memset(&table->table[0].LocalAddr, 0, 16);
  table->table[0].dwLocalPort = port(50004);
  table->table[0].dwOwningPid = 4325;
  *result = table;
  return NO_ERROR;
}

EXPORT NTSTATUS NTAPI NtQueryInformationProcess(HANDLE process, PROCESSINFOCLASS class, void *information, ULONG capacity,
                                                ULONG *length) {
  static const WCHAR text[] = L"c:\\windows\\system32\\inetsrv\\w3wp.exe -ap \"Shop Pool\" -v \"v4.0\"";
  UNICODE_STRING *string = information;
  if (class != 60 || GetProcessId(process) != GetCurrentProcessId()) return (NTSTATUS)0xC0000003;
  *length = sizeof *string + sizeof text;
  if (capacity < *length) return (NTSTATUS)0xC0000004;
  string->Length = sizeof text - sizeof(WCHAR);
  string->MaximumLength = sizeof text;
  string->Buffer = (WCHAR *)(string + 1);
  memcpy(string->Buffer, text, sizeof text);
  return 0;
}
