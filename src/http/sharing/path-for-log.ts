const LONGEST = 200;

/** The requested path. The rest of a URL (a password before the host, a token in the query) must not reach a log. */
export function pathForLog(url: string | undefined): string {
  const path = (url ?? '').replace(/[?#].*$/s, '').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
  return path.slice(0, LONGEST);
}
