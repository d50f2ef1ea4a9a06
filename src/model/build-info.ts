/** What is running. `revision`: the commit it was built from; `platform`: one of Node's `process.platform`. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
  readonly platform: string;
}
