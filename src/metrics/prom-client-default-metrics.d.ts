/** The default metrics of prom-client, one file each; prom-client declares types for all of them together only. */
declare module 'prom-client/lib/metrics/*.js' {
  const register: (registry: object) => void;
  export default register;
}
