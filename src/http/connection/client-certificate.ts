import type { TLSSocket } from 'node:tls';
import type { TlsConfig } from '../web-config/tls-config.ts';
import { normalizeIp, parseSubjectAltNames } from './subject-alt-names.ts';

/** Why a client is refused after its TLS handshake; undefined = it is admitted. */
export function refuseClient(
  socket: TLSSocket,
  { clientAuth, clientAllowedSans }: Pick<TlsConfig, 'clientAuth' | 'clientAllowedSans'>,
): string | undefined {
  if (!clientAuth.isRequested) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return clientAuth.isRequired ? 'it has shown no certificate' : undefined;
  if (clientAuth.isVerified && !socket.authorized) return `its certificate is not valid: ${socket.authorizationError}`;
  if (clientAllowedSans === undefined) return undefined;
  const allowed = clientAllowedSans.map(normalizeIp);
  const names = parseSubjectAltNames(certificate.subjectAltName ?? '');
  return names.some((name) => allowed.includes(name))
    ? undefined
    : 'its certificate has no name of client_allowed_sans';
}
