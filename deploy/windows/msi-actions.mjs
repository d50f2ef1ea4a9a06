// What the installer does besides files, registry and service. wixl has no word for most of it, so it goes into the
// finished package as SQL. https://learn.microsoft.com/windows/win32/msi/custom-action-reference

/** Types of custom actions: set a property, or run a program from a folder as the installer's own account. */
const SET_PROPERTY = 51;
const RUN = 34;
const DEFERRED = 0x400;
const ON_ROLLBACK = 0x100;
const AS_SYSTEM = 0x800;
/** A firewall that is off, or that others rule, must not undo the installation. */
const IGNORE_FAILURE = 0x40;
const RUN_DEFERRED = RUN | DEFERRED | AS_SYSTEM | IGNORE_FAILURE;

/** Chosen on the command line of msiexec, else when an earlier version was installed, else: */
const DEFAULTS = { LISTEN_PORT: '10048', FIREWALL_REMOTE: 'any', EXTRA_FLAGS: '', INSTALLDIR: '' };

const NETSH = '"[System64Folder]netsh.exe" advfirewall firewall';
const ADD_RULE = `${NETSH} add rule name=tcpstate-exporter dir=in action=allow protocol=TCP localport=[LISTEN_PORT] remoteip=[FIREWALL_REMOTE] program="[INSTALLDIR]node.exe"`;
const DELETE_RULE = `${NETSH} delete rule name=tcpstate-exporter`;
/** A service that crashed is started again after 5 s, then 30 s, then each minute; a day without a crash, and it counts anew. */
const RESTART_AFTER_CRASH =
  '"[System64Folder]sc.exe" failure tcpstate-exporter reset= 86400 actions= restart/5000/restart/30000/restart/60000';

/**
 * A service is stopped some milliseconds before its process is gone, and node.exe could not be deleted for so long: two
 * seconds pass between the three echoes.
 */
const WAIT_FOR_PROCESS = '"[System64Folder]ping.exe" -n 3 127.0.0.1';

const STAYS = 'NOT REMOVE~="ALL"';

/** In the order of their sequence numbers; AppSearch has 50, LaunchConditions 100, StopServices 1900, InstallServices 5800, StartServices 5900. */
const ACTIONS = [
  ...Object.keys(DEFAULTS).map((property, index) => ({
    name: `Keep_${property}`,
    type: SET_PROPERTY,
    source: property,
    target: `[KEPT_${property}]`,
    sequence: 60 + index,
    condition: `KEPT_${property} AND NOT ${property}`,
  })),
  ...Object.entries(DEFAULTS)
    .filter(([, value]) => value !== '')
    .map(([property, value], index) => ({
      name: `Default_${property}`,
      type: SET_PROPERTY,
      source: property,
      target: value,
      sequence: 70 + index,
      condition: `NOT ${property}`,
    })),
  {
    // The property that rows of RemoveFile name: the log stays when another version takes over.
    name: 'ForgetLog',
    type: SET_PROPERTY,
    source: 'FORGOTTEN_LOG',
    target: '[CommonAppDataFolder]tcpstate-exporter\\',
    sequence: 80,
    condition: 'REMOVE~="ALL" AND NOT UPGRADINGPRODUCTCODE',
  },
  {
    name: 'WaitForProcess',
    type: RUN_DEFERRED,
    source: 'INSTALLDIR',
    target: WAIT_FOR_PROCESS,
    sequence: 1905,
    condition: 'Installed',
  },
  {
    name: 'DeleteRule',
    type: RUN_DEFERRED,
    source: 'INSTALLDIR',
    target: DELETE_RULE,
    sequence: 1910,
    condition: 'Installed',
  },
  {
    name: 'RestartAfterCrash',
    type: RUN_DEFERRED,
    source: 'INSTALLDIR',
    target: RESTART_AFTER_CRASH,
    sequence: 5810,
    condition: STAYS,
  },
  {
    name: 'UndoRule',
    type: RUN_DEFERRED | ON_ROLLBACK,
    source: 'INSTALLDIR',
    target: DELETE_RULE,
    sequence: 5820,
    condition: STAYS,
  },
  {
    name: 'AddRule',
    type: RUN_DEFERRED,
    source: 'INSTALLDIR',
    target: ADD_RULE,
    sequence: 5830,
    condition: `${STAYS} AND FIREWALL_REMOTE<>"none"`,
  },
];

/** Queries for msibuild. */
export const ACTION_QUERIES = [
  // the only properties that may cross from the one who installs to the account that does it
  `UPDATE \`Property\` SET \`Value\`='WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED;${Object.keys(DEFAULTS).join(';')}' WHERE \`Property\`='SecureCustomProperties'`,
  ...ACTIONS.flatMap(({ name, type, source, target, sequence, condition }) => [
    `INSERT INTO \`CustomAction\` (\`Action\`, \`Type\`, \`Source\`, \`Target\`) VALUES ('${name}', ${type}, '${source}', '${target}')`,
    `INSERT INTO \`InstallExecuteSequence\` (\`Action\`, \`Condition\`, \`Sequence\`) VALUES ('${name}', '${condition}', ${sequence})`,
  ]),
];
