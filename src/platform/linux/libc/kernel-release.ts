/** Whether a kernel release is at least a version: `6.18.2-1-generic` is at least 6.18, and at least 6.8. */
export function isSinceKernel(release: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
