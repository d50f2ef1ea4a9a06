// What wixl has no word for, as SQL for msibuild. https://learn.microsoft.com/windows/win32/msi/database-tables

/** As many as --log.file-count allows; `.0` is there for a moment while the files are renamed. */
const MOST_LOG_FILES = 100;
const LOG = 'tcpstate-exporter.log';
const LOG_FILES = [LOG, ...Array.from({ length: MOST_LOG_FILES }, (_, age) => `${LOG}.${age}`)];
/**
 * The log files are ours to remove, and nothing else that lies beside them. Their folder is named by a property that is
 * set only in a removal that is no upgrade (msi-actions.mjs). Each file has a row: Wine reads no wildcards here.
 */
const REMOVED_LOGS = LOG_FILES.map(
  (file, index) =>
    `INSERT INTO \`RemoveFile\` (\`FileKey\`, \`Component_\`, \`FileName\`, \`DirProperty\`, \`InstallMode\`) VALUES ('LogFile${index}', 'Log', '${file}', 'FORGOTTEN_LOG', 2)`,
);

/**
 * Any user may make a folder in ProgramData, before us too: administrators own this one then, and nobody else may turn it
 * into a link for the service to write through.
 */
const LOG_FOLDER_RIGHTS = 'O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)';
const LOCKED_FOLDER = [
  'CREATE TABLE `MsiLockPermissionsEx` (`MsiLockPermissionsEx` CHAR(72) NOT NULL, `LockObject` CHAR(72) NOT NULL, `Table` CHAR(32) NOT NULL, `SDDLText` CHAR(255) NOT NULL, `Condition` CHAR(255) PRIMARY KEY `MsiLockPermissionsEx`)',
  `INSERT INTO \`MsiLockPermissionsEx\` (\`MsiLockPermissionsEx\`, \`LockObject\`, \`Table\`, \`SDDLText\`) VALUES ('LogFolder', 'DATADIR', 'CreateFolder', '${LOG_FOLDER_RIGHTS}')`,
];

export const TABLE_QUERIES = [...REMOVED_LOGS, ...LOCKED_FOLDER];
