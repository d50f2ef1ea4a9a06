// Reporter for node:test: lists at the end what failed, each with its file and its error, so that the tail of a long log tells all.
export default async function* failedTests(events) {
  const failed = [];
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.details.error.failureType !== 'subtestsFailed') failed.push(data);
  }
  if (failed.length > 0) yield `\n${failed.length} failed:\n`;
  for (const { name, file, details } of failed) {
    const { cause } = details.error;
    const text = String(cause?.stack ?? cause ?? details.error)
      .split('\n')
      .filter((line) => !line.includes('node:'));
    yield `${file}: ${name}\n${text.map((line) => `    ${line}\n`).join('')}`;
  }
}
