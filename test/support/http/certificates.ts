import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Names that a client's certificate may be let in for. */
export const CLIENT_NAMES = ['DNS:prometheus.example', 'IP:10.1.2.3', 'IP:fd00::12', 'URI:spiffe://example/prometheus'];

export type Authority = ReturnType<typeof createAuthority>;

/**
 * A certificate authority, of its own or another one's making, and what it signs, made with the openssl program; keys on
 * the curve P-256 take no time.
 */
export function createAuthority(name: string, issuer?: Identity) {
  const ca = runRequest([...newKey(name), '-addext', 'basicConstraints=critical,CA:TRUE'], issuer);
  return {
    identity: ca,
    ca: ca.cert,
    /** For `localhost` and 127.0.0.1. */
    signServer: (commonName = 'server') => sign(commonName, 'serverAuth', ['DNS:localhost', 'IP:127.0.0.1']),
    signClient: (names: readonly string[] = CLIENT_NAMES) => sign('client', 'clientAuth', names),
  };

  function sign(commonName: string, usage: string, names: readonly string[]): Identity {
    const extensions = [`extendedKeyUsage=${usage}`, 'basicConstraints=critical,CA:FALSE'];
    if (names.length > 0) extensions.push(`subjectAltName=${names.join(',')}`);
    const args = [...newKey(commonName), ...extensions.flatMap((each) => ['-addext', each])];
    return runRequest(args, ca);
  }
}

function newKey(commonName: string): string[] {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  return [...key, '-subj', `/CN=${commonName}`, '-days', '2'];
}

function runRequest(args: readonly string[], issuer?: Identity): Identity {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-certificates-'));
  try {
    const [cert, key, config] = [join(folder, 'cert.pem'), join(folder, 'key.pem'), join(folder, 'empty.cnf')];
    writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n');
    const signing: string[] = [];
    if (issuer !== undefined) {
      writeFileSync(join(folder, 'ca.pem'), issuer.cert);
      writeFileSync(join(folder, 'ca-key.pem'), issuer.key);
      signing.push('-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca-key.pem'));
    }
    const files = ['-config', config, '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...files, ...signing, ...args], { stdio: 'pipe' });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
