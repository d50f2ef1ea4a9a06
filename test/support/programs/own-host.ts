/** Flags with which a network namespace is the whole host: other tests fill up theirs at the same time, which a verdict would tell. */
export const OWN_HOST: readonly string[] = ['--no-collector.namespace', '--no-collector.netns'];

/** The same for incidents that a test makes: sockets of a second are old enough, and each finds its process. */
export const INCIDENT_HOST: readonly string[] = [...OWN_HOST, '--close-wait.stuck-after=1s', '--owners.time-budget=5s'];
