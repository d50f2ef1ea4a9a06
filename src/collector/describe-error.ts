/** An error's message and those of the causes behind it, in one line. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  for (let cause: unknown = error; cause !== undefined && messages.length < 5; ) {
    messages.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return messages.join(': ').replaceAll(/\s+/g, ' ');
}
