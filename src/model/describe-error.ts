/** Most causes shown, because a chain of causes may be circular. */
const DEEPEST_CAUSE = 8;

/** What went wrong and why, on one line: the messages of an error and of its causes. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  let cause = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && cause !== undefined; depth++, cause = causeOf(cause)) {
    const message = cause instanceof Error ? cause.message || cause.name : String(cause);
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return messages.join(': ').replaceAll(/\s+/g, ' ');
}

function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors[0];
  return error instanceof Error ? error.cause : undefined;
}
