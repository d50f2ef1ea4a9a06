/** Names on a page without those of other network namespaces: what these have comes and goes with the other programs of the machine. */
export function ownFamilies(page: ReadonlyMap<string, unknown>): string[] {
  return [...page.keys()].filter((name) => !name.startsWith('tcpstate_netns_'));
}
