/** Not Intl.NumberFormat, which loads its tables at the first use: a tenth of the time that a whole verdict takes. */
const THOUSANDS = /\B(?=(?:\d{3})+$)/g;

/** 28232 → `28,232`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(THOUSANDS, ',');
}

/** A number and its noun: `1 socket`, `450 sockets`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** 0.704 → `70 %`; below a tenth with one decimal. A limit that is not reached is never shown as 100 %. */
export function percent(ratio: number): string {
  const value = ratio * 100;
  if (ratio < 1 && value >= 99.5) return '99 %';
  return value > 0 && value < 9.95 ? `${value.toFixed(1)} %` : `${Math.round(value)} %`;
}

/** Per second: `480/s`, `14.8/s`. */
export function perSecond(rate: number): string {
  return rate < 99.95 ? `${rate.toFixed(1)}/s` : `${count(rate)}/s`;
}

/** 968 → `16m08s`, 7261 → `2h01m`, 200000 → `2d07h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${padded(whole % 60)}s`;
  const minutes = Math.floor(whole / 60);
  if (whole < 86_400) return `${Math.floor(minutes / 60)}h${padded(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${padded(hours % 24)}h`;
}

/** Bytes in the largest binary unit that leaves a whole part: `1.5 GiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${unit === 0 || rest >= 99.95 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}

/** Address and port: `10.0.0.50:5432`, `[2001:db8::1]:443`. */
export function endpoint(ip: string, port: number | string): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Where connections go: `postgres-primary (10.0.0.50:5432)`, the address alone where nothing names it. */
export function destination(to: {
  readonly remoteName?: string;
  readonly remoteIp: string;
  readonly remotePort: number | string;
}): string {
  return withName(to.remoteName, endpoint(to.remoteIp, to.remotePort));
}

/** The name that the configuration gives a peer, with the place behind it; the place alone where it has none. */
export function withName(remoteName: string | undefined, place: string): string {
  return remoteName === undefined || remoteName === '' || isSum(remoteName) ? place : `${remoteName} (${place})`;
}

/** The name of a process, unless nobody knows it. */
export function isNamed(process: string): boolean {
  return process !== '' && process !== 'unknown' && !isSum(process);
}

/** Whether a label is that of a sum of groups without series of their own: nobody to blame. */
export function isSum(label: string): boolean {
  return label === 'other' || label === 'filtered';
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
