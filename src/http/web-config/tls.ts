import { X509Certificate } from 'node:crypto';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { refuseField } from '../../config/file/yaml-field.ts';
import { describeError } from '../../model/describe-error.ts';
import type { PemSource, TlsConfig } from './tls-config.ts';

/** TLS ready to serve: the configuration, and the options for a server. */
export interface TlsSettings extends Pick<TlsConfig, 'clientAuth' | 'clientAllowedSans'> {
  readonly options: TlsOptions;
  readonly http2: boolean;
}

/** Reads the certificates and the key, and checks that they match. Throws a `ConfigRefusal`. */
export function loadTls(config: TlsConfig, http2: boolean, readFile: (path: string) => Buffer): TlsSettings {
  const cert = readPem(config.cert, readFile);
  const key = readPem(config.key, readFile);
  const ca = config.clientCa === undefined ? undefined : readPem(config.clientCa, readFile);
  readCertificates(cert, config.cert);
  const options: TlsOptions = {
    cert,
    key,
    ...(ca === undefined || config.clientCa === undefined ? {} : { ca: readCertificates(ca, config.clientCa) }),
    minVersion: config.minVersion,
    maxVersion: config.maxVersion,
    ciphers: [...config.ciphers, ...weakAsAsked(config)].join(':'),
    honorCipherOrder: config.hasOwnCipherOrder,
    ...(config.curves.length === 0 ? {} : { ecdhCurve: config.curves.join(':') }),
    requestCert: config.clientAuth.isRequested,
    rejectUnauthorized: false, // client-certificate.ts decides
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw refuseField(config.key.field, `${nameFile(config.key)}cannot be used: ${explain(error)}`);
  }
  const { clientAuth, clientAllowedSans } = config;
  return { options, http2, clientAuth, clientAllowedSans };
}

function readPem(source: PemSource, readFile: (path: string) => Buffer): string {
  if (source.file === undefined) return source.text ?? '';
  try {
    return readFile(source.file).toString('latin1');
  } catch (error) {
    throw refuseField(source.field, `cannot be read: ${describeError(error)}`);
  }
}

/** Each certificate of a PEM text; OpenSSL would silently skip an invalid one. */
function readCertificates(pem: string, source: PemSource): string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [];
  if (found.length === 0) throw refuseField(source.field, `${nameFile(source)}has no certificate in PEM format`);
  try {
    for (const each of found) new X509Certificate(each);
  } catch (error) {
    throw refuseField(
      source.field,
      `${nameFile(source)}has a certificate that cannot be read: ${describeError(error)}`,
    );
  }
  return found;
}

function nameFile({ file }: PemSource): string {
  return file === undefined ? '' : `${file} `;
}

/** OpenSSL disables the signatures of TLS 1.0 and 1.1 unless told to be lenient. */
function weakAsAsked({ minVersion }: TlsConfig): string[] {
  return minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? ['@SECLEVEL=0'] : [];
}

function explain(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'it does not belong to the certificate';
  return describeError(error);
}
