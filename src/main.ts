#!/usr/bin/env node
import { listenForEnd } from './cli/ending.js';
import { runCli } from './cli/program.js';
import { printError, processTerminal } from './cli/terminal.js';

// Keys, ledgers and sockets are nobody else's, whatever the caller's umask.
process.umask(0o077);

const signal = listenForEnd();
const terminal = processTerminal();

// A fault nobody foresaw: say so and end; whoever started us starts us again from the disk.
process.once('uncaughtException', (error) => {
  printError(terminal, error);
  process.exit(70);
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  terminal,
  signal,
});
