import { dirname, isAbsolute, join } from 'node:path';
import type { SecureVersion } from 'node:tls';
import {
  type Field,
  readChoice,
  readFields,
  readList,
  readSwitch,
  readText,
  refuseField,
} from '../../config/file/yaml-field.ts';
import { CIPHERS, CURVES, DEFAULT_CIPHERS, TLS_VERSIONS, TLS13_CIPHERS } from './tls-names.ts';

/** Whether a client must present a certificate, and whether a presented one must be valid. */
export interface ClientAuth {
  readonly isRequested: boolean;
  readonly isRequired: boolean;
  readonly isVerified: boolean;
}

/** PEM text, or the file it is in. */
export interface PemSource {
  /** The key of the setting and its place, for messages. */
  readonly field: Field;
  readonly file?: string;
  readonly text?: string;
}

export interface TlsConfig {
  readonly cert: PemSource;
  readonly key: PemSource;
  readonly clientCa: PemSource | undefined;
  readonly clientAuth: ClientAuth;
  /** undefined = any. */
  readonly clientAllowedSans: readonly string[] | undefined;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** In OpenSSL's names, preferred first. */
  readonly ciphers: readonly string[];
  readonly hasOwnCipherOrder: boolean;
  /** In OpenSSL's names; none = OpenSSL's default. */
  readonly curves: readonly string[];
}

const CLIENT_AUTH: Readonly<Record<string, ClientAuth>> = {
  NoClientCert: { isRequested: false, isRequired: false, isVerified: false },
  RequestClientCert: { isRequested: true, isRequired: false, isVerified: false },
  RequireAnyClientCert: { isRequested: true, isRequired: true, isVerified: false },
  VerifyClientCertIfGiven: { isRequested: true, isRequired: false, isVerified: true },
  RequireAndVerifyClientCert: { isRequested: true, isRequired: true, isVerified: true },
};

const NAMES = [
  'cert',
  'cert_file',
  'key',
  'key_file',
  'client_ca',
  'client_ca_file',
  'client_auth_type',
  'client_allowed_sans',
  'min_version',
  'max_version',
  'cipher_suites',
  'prefer_server_cipher_suites',
  'curve_preferences',
] as const;

type TlsFields = Partial<Record<(typeof NAMES)[number], Field>>;

/** `tls_server_config`; undefined if it sets no certificate, key or `client_auth_type`, and so no TLS. */
export function readTlsConfig(section: Field, configFile: string): TlsConfig | undefined {
  const fields = readFields(section, NAMES);
  const pem = (inFile: 'cert_file' | 'key_file' | 'client_ca_file', inline: 'cert' | 'key' | 'client_ca') =>
    readPemSource(fields[inFile], fields[inline], configFile);
  const [cert, key, clientCa] = [pem('cert_file', 'cert'), pem('key_file', 'key'), pem('client_ca_file', 'client_ca')];
  const versions = readVersions(fields);
  const algorithms = readAlgorithms(fields);
  const clientAuth = readClientAuth(fields, clientCa);
  const isWanted = [cert, key, clientCa, fields.client_auth_type].some((each) => each !== undefined);
  if (!isWanted) return undefined;
  if (cert === undefined) throw refuseField(section, 'needs cert_file or cert');
  if (key === undefined) throw refuseField(section, 'needs key_file or key');
  return { cert, key, clientCa, ...clientAuth, ...versions, ...algorithms };
}

function readPemSource(
  inFile: Field | undefined,
  inline: Field | undefined,
  configFile: string,
): PemSource | undefined {
  const file = inFile === undefined ? '' : readText(inFile);
  if (inFile !== undefined && file !== '') {
    return { field: inFile, file: isAbsolute(file) ? file : join(dirname(configFile), file) };
  }
  const text = inline === undefined ? '' : readText(inline);
  return inline === undefined || text === '' ? undefined : { field: inline, text };
}

function readVersions({ min_version: min, max_version: max }: TlsFields) {
  const minVersion = min === undefined ? 'TLSv1.2' : readChoice(min, TLS_VERSIONS);
  const maxVersion = max === undefined ? 'TLSv1.3' : readChoice(max, TLS_VERSIONS);
  const order = Object.values(TLS_VERSIONS);
  if (order.indexOf(minVersion) > order.indexOf(maxVersion))
    throw refuseField((max ?? min)!, 'leaves no version: min_version (TLS12 unless given) is above max_version');
  return { minVersion, maxVersion };
}

function readAlgorithms(fields: TlsFields) {
  const chosen =
    fields.cipher_suites === undefined ? [] : readList(fields.cipher_suites).map((each) => readChoice(each, CIPHERS));
  const curves = fields.curve_preferences === undefined ? [] : readList(fields.curve_preferences);
  const order = fields.prefer_server_cipher_suites;
  return {
    ciphers: [
      ...TLS13_CIPHERS,
      ...(chosen.length === 0 ? DEFAULT_CIPHERS : chosen.filter((name) => !TLS13_CIPHERS.includes(name))),
    ],
    hasOwnCipherOrder: order === undefined ? true : readSwitch(order),
    curves: [...new Set(curves.map((each) => readChoice(each, CURVES)))], // OpenSSL rejects duplicates
  };
}

function readClientAuth(fields: TlsFields, clientCa: PemSource | undefined) {
  const { client_auth_type: type, client_allowed_sans: sans } = fields;
  const clientAuth = type === undefined || readText(type) === '' ? CLIENT_AUTH.NoClientCert! : readClientAuthType(type);
  if (clientCa !== undefined && !clientAuth.isRequested)
    throw refuseField(clientCa.field, 'has no effect without a client_auth_type such as RequireAndVerifyClientCert');
  // It would admit every client with a certificate of any authority trusted for web sites.
  if (clientAuth.isRequired && clientAuth.isVerified && clientCa === undefined)
    throw refuseField(type!, 'needs client_ca_file or client_ca to verify with');
  if (sans === undefined) return { clientAuth, clientAllowedSans: undefined };
  const clientAllowedSans = readList(sans).map(readText);
  if (!clientAuth.isRequested)
    throw refuseField(sans, 'has no effect without a client_auth_type such as RequireAndVerifyClientCert');
  if (clientAllowedSans.length === 0) throw refuseField(sans, 'lets nobody in: name at least one, or leave it out');
  return { clientAuth: { ...clientAuth, isRequired: true }, clientAllowedSans }; // a name needs a certificate
}

function readClientAuthType(type: Field): ClientAuth {
  // An old name that the Go exporters still accept.
  if (readText(type) === 'RequireClientCert') return CLIENT_AUTH.RequireAnyClientCert!;
  return readChoice(type, CLIENT_AUTH);
}
