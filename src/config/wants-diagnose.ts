/** Whether the command line asks for a verdict in the terminal instead of the server: decided before either is loaded. */
export function wantsDiagnose(argv: readonly string[] = process.argv.slice(2)): boolean {
  return argv[0] === 'diagnose';
}
