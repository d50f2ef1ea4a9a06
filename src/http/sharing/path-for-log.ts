const LONGEST = 200;

/** The path that was asked for. What else a URL may hold (a password before the host, a token in the query) is no matter for a log. */
export function pathForLog(url: string | undefined): string {
  const path = (url ?? '').replace(/[?#].*$/s, '').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
  return path.slice(0, LONGEST);
}
