// main.ts imports this before anything else. On SIGUSR1 Node.js opens its debugger on 127.0.0.1:9229, through which
// every user of the host could run code with this process's capabilities. A listener replaces Node's own handler.
process.on('SIGUSR1', () => {});
