// npm run audit: fails when a production dependency has a known vulnerability.
// A registry that has no advisory service (a mirror, often) is said loudly and fails too, unless AUDIT_MAY_BE_UNANSWERED=1.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const args = ['audit', '--omit=dev', '--audit-level=low', '--json'];
const { stdout, stderr, error } = spawnSync('npm', args, {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
  shell: process.platform === 'win32',
});
const report = parse(stdout);
/** How registries say that they do not have the service: not found, method not allowed, not implemented. */
const WITHOUT_SERVICE = [404, 405, 501];

if (report?.metadata?.vulnerabilities !== undefined) judge(report);
else refuse(error?.message ?? report?.message ?? `${stdout}${stderr}`.trim());

function judge({ vulnerabilities, metadata }) {
  for (const { name, severity, range, via } of Object.values(vulnerabilities)) {
    const reasons = via.map((each) => (typeof each === 'string' ? each : `${each.title} ${each.url}`));
    process.stdout.write(`audit: ${severity}: ${name} ${range}: ${reasons.join('; ')}\n`);
  }
  const { total } = metadata.vulnerabilities;
  const counted = metadata.dependencies.prod;
  process.stdout.write(`audit: ${total} of ${counted} production packages with known vulnerabilities\n`);
  if (total > 0) process.exitCode = 1;
}

function refuse(reason) {
  const isAllowed = WITHOUT_SERVICE.includes(report?.statusCode) && process.env.AUDIT_MAY_BE_UNANSWERED === '1';
  const rule = '*'.repeat(80);
  process.stderr.write(
    `${rule}\nNOT AUDITED: nobody was asked for known vulnerabilities, because the registry gave no answer:\n${reason}\n` +
      `${isAllowed ? 'Going on, as AUDIT_MAY_BE_UNANSWERED=1 says.' : 'Where there is no service, AUDIT_MAY_BE_UNANSWERED=1 lets this pass.'}\n${rule}\n`,
  );
  process.exitCode = isAllowed ? 0 : 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // npm failed before it had anything to report
  }
}
