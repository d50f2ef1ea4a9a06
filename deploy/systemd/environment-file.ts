import { environmentName, type Option } from '../../src/config/options.ts';

const INTRODUCTION = `# Settings of tcpstate-exporter.service, read when it starts: systemctl restart tcpstate-exporter
# Every flag has its variable here; what is commented out shows the default. Details: man tcpstate-exporter
`;

/** deploy/systemd/tcpstate-exporter.env: every variable, as a comment. */
export function formatEnvironmentFile(options: readonly Option[]): string {
  return [INTRODUCTION, ...options.map(formatVariable)].join('\n');
}

function formatVariable({ flag, help, fallback = '' }: Option): string {
  return `# ${help}\n#${environmentName(flag)}=${fallback}\n`;
}
