import type { Snapshot } from '../../../src/model/snapshot.ts';
import { cells, connection, destination, outcomes, states, unattributed } from './snapshot-cells.ts';

/** A Windows web server: IIS before SQL Server. What Windows does not tell (accept queues, limits) is absent. */
export const WINDOWS_SNAPSHOT: Snapshot = {
  sockets: {
    states: {
      ipv4: states({ established: 86, timeWait: 2210, closeWait: 1, listen: 14, bound: 9 }),
      ipv6: states({ established: 4, timeWait: 30, listen: 12 }),
    },
    connections: {
      cells: [
        connection('timeWait', 'outbound', 'ephemeral', '10.1.0.40', '1433', 'unknown', 2100),
        connection('timeWait', 'inbound', '443', '203.0.113.80', '', 'System', 110),
        connection('established', 'inbound', '443', '203.0.113.80', '', 'System', 50),
        connection('established', 'outbound', 'ephemeral', '10.1.0.40', '1433', 'w3wp.exe', 36),
        connection('timeWait', 'inbound', '443', '2001:db8:80::5', '', 'System', 30),
        connection('established', 'inbound', '443', '2001:db8:80::5', '', 'System', 4),
        connection('closeWait', 'outbound', 'ephemeral', '10.1.0.9', '8443', 'Backup Agent.exe', 1),
      ],
      folded: 0,
    },
    localPorts: {
      cells: cells('localPort', [
        ['timeWait', 'ephemeral', 2100],
        ['timeWait', '443', 140],
        ['established', '443', 54],
        ['established', 'ephemeral', 36],
        ['bound', 'other', 9],
        ['listen', '443', 2],
        ['listen', '3389', 2],
        ['listen', 'other', 22],
        ['closeWait', 'ephemeral', 1],
      ]),
      folded: 20,
    },
    remoteIps: {
      cells: cells('remoteIp', [
        ['timeWait', '10.1.0.40', 2100],
        ['timeWait', '203.0.113.80', 110],
        ['established', '203.0.113.80', 50],
        ['established', '10.1.0.40', 36],
        ['timeWait', '2001:db8:80::5', 30],
        ['established', '2001:db8:80::5', 4],
        ['closeWait', '10.1.0.9', 1],
      ]),
      folded: 0,
    },
    processes: {
      cells: cells('process', [
        ['timeWait', 'unknown', 2100],
        ['timeWait', 'System', 140],
        ['established', 'System', 54],
        ['established', 'w3wp.exe', 36],
        ['listen', 'svchost.exe', 20],
        ['bound', 'w3wp.exe', 9],
        ['listen', 'System', 6],
        ['closeWait', 'Backup Agent.exe', 1],
      ]),
      folded: 0,
    },
    unattributed: unattributed({ timeWait: { kernel: 2100 } }),
    units: {
      cells: cells('unit', [
        ['timeWait', 'unknown', 2240],
        ['established', 'unknown', 90],
        ['listen', 'TermService', 2],
        ['listen', 'unknown', 24],
        ['bound', 'unknown', 9],
        ['closeWait', 'BackupAgent', 1],
      ]),
      folded: 0,
    },
    ephemeral: {
      families: [
        {
          family: 'ipv4',
          first: 49_152,
          last: 65_535,
          ports: 15_884,
          used: 2146,
          blocked: 9,
          listening: 8,
          utilization: 2146 / 15_884,
        },
        {
          family: 'ipv6',
          first: 49_152,
          last: 65_535,
          ports: 16_384,
          used: 0,
          blocked: 0,
          listening: 0,
          utilization: 0,
        },
      ],
      listeners: [{ localPort: '49664', process: 'lsass.exe', sockets: 1 }],
      holders: [{ localPort: '50210', process: 'w3wp.exe', sockets: 1 }],
      destinations: {
        cells: [
          destination('10.1.0.7', '10.1.0.40', 1433, 2136, 2100),
          destination('10.1.0.7', '10.1.0.9', 8443, 1, 0),
        ],
        folded: 0,
      },
      processes: {
        cells: [
          { process: 'unknown', ports: 2100 },
          { process: 'w3wp.exe', ports: 45 },
          { process: 'Backup Agent.exe', ports: 1 },
        ],
        folded: 0,
      },
    },
    closeWait: {
      oldest: [{ process: 'Backup Agent.exe', seconds: 5415 }],
      stuck: [
        { process: 'Backup Agent.exe', reason: 'unclosed', sockets: 1 },
        { process: 'Backup Agent.exe', reason: 'unaccepted', sockets: 0 },
      ],
      folded: 0,
    },
    processFds: {
      cells: [
        { process: 'System', open: 4310, limit: undefined },
        { process: 'w3wp.exe', open: 1288, limit: undefined },
        { process: 'svchost.exe', open: 912, limit: undefined },
        { process: 'Backup Agent.exe', open: 301, limit: undefined },
      ],
      folded: 0,
    },
  },
  ephemeral: {
    ranges: {
      ipv4: { first: 49_152, last: 65_535, excluded: [{ first: 50_000, last: 50_499 }] },
      ipv6: { first: 49_152, last: 65_535, excluded: [] },
    },
    heldAgainst: 'host',
    timeWaitReuse: { scope: 'never', afterMs: 0 },
    timeWaitMs: 30_000,
  },
  counters: {
    activeOpens: 1_402_117,
    passiveOpens: 866_904,
    attemptFails: 1907,
    estabResets: 22_480,
    inSegments: 88_140_332,
    outSegments: 91_006_718,
    retransmittedSegments: 40_212,
    inErrors: 0,
    sentResets: 31_055,
  },
  settings: { tcpTimedWaitDelaySeconds: 30, maxUserPort: 65_534, timeWaitDurationSeconds: 30 },
  portExhaustionEvents: { 4227: 3, 4231: 1 },
  outcomes: outcomes('windows', {
    ephemeral_ports: [0.000_021, 'netsh'],
    counters: [0.000_058, 'iphlpapi'],
    settings: [0.000_102, 'registry'],
    port_exhaustion_events: [0.000_019, 'wevtutil'],
    sockets: [0.002_907, 'iphlpapi'],
    processes: [0.004_318, 'toolhelp'],
    units: [0.001_211, 'service_manager'],
    close_wait: [0.000_044, 'iphlpapi'],
  }),
};
