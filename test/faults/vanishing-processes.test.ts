import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { countDescriptors, failingIn, takePage } from '../support/fakes/outlived-fault.ts';
import { createProgram } from '../support/programs/c-program.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const LEAST_SCRAPES = 60;
const LEAST_MS = 5000;
/** Scrapes that catch a process between its sockets and its end. On a busy machine few do: it goes on until there are so many. */
const LEAST_NAMED = 15;
const MOST_SCRAPES = 1000;
/** In the network namespace of the test. */
const PORT = 7000;
/** Children that come and go meanwhile. */
const LEAST_PROCESSES = 500;

/** Children one after the other, four at a time: each opens a listener and a connection to it, and ends. */
const SHORT_LIVES = `
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void live(int number) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + number % 60000 + 1)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 8)) _exit(1);
  getsockname(listener, (struct sockaddr *)&address, &length);
  if (connect(client, (struct sockaddr *)&address, length)) _exit(2);
  usleep(500 * (number % 8));
  _exit(0);
}

int main(void) {
  int started = 0, running = 0, failed = 0, status;
  alarm(180);
  for (; getppid() != 1 && access("stop", F_OK) != 0; started++, running++) {
    if (fork() == 0) live(started);
    if (running >= 4) failed += wait(&status) < 0 || status != 0, running--;
    usleep(1000);
  }
  while (wait(&status) > 0) failed += status != 0;
  printf("%d %d\\n", started, failed);
  return 0;
}
`;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

test('processes that end between two reads', { skip }, async (t) => {
  const exporter = await startExporter(t);
  openCloseWait(t); // some children leave one, and the first one seen costs the exporter a descriptor for good
  await takePage(exporter);
  await takePage(exporter);
  const descriptors = countDescriptors(exporter);
  const logged = exporter.log.length;
  const { folder, path, stop } = createProgram(t, SHORT_LIVES);
  const child = spawn(path, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const said = once(child.stdout, 'data');
  let named = 0;
  let scrapes = 0;
  const endMs = performance.now() + LEAST_MS;
  const isEnough = () => scrapes >= LEAST_SCRAPES && performance.now() >= endMs && named >= LEAST_NAMED;
  for (; scrapes < MOST_SCRAPES && !isEnough(); scrapes++) {
    const page = await takePage(exporter); // checks the sums
    assert.deepEqual(failingIn(page), []);
    const owners = page.get('tcpstate_process_sockets')!.samples;
    if (owners.some(({ labels }) => labels.process === 'main')) named++;
  }
  stop();
  const [started, failed] = String(await said)
    .split(' ')
    .map(Number);
  assert.ok(
    started! > LEAST_PROCESSES && failed === 0,
    `${started} processes, ${failed} of them without their sockets`,
  );
  assert.ok(named >= LEAST_NAMED, `seen in ${named} of ${scrapes} scrapes`);
  await takePage(exporter);
  assert.ok(countDescriptors(exporter) <= descriptors, `${countDescriptors(exporter)}, before ${descriptors}`);
  assert.deepEqual(exporter.log.slice(logged), []);
});

/** A connection to itself that one side has closed. */
function openCloseWait(t: TestContext): void {
  const sockets = createRawSockets();
  t.after(() => sockets.closeAll());
  const listener = sockets.listen('127.0.0.1', PORT);
  const client = sockets.open('127.0.0.1');
  sockets.connect(client, '127.0.0.1', PORT);
  sockets.accept(listener);
  sockets.closeWrite(client);
}
