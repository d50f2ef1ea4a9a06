/** What to skip a test with: nothing is missing in CI, or it is an error. */
export function missingTool(reason: string | undefined): string | false {
  if (reason === undefined) return false;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}
