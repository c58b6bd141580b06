// Ends a child process. A child that failed to start for want of open files has the pid 0 in Node until its error event. A signal to pid 0 goes to
// every process of the group: this one, the terminal's shell script, and any other. Other code must never call `kill` on a child itself.
import type { ChildProcess } from 'node:child_process'

/** Sends a signal to a child, if it was ever started. */
export function killChild(child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGTERM'): void {
  if (child?.pid !== undefined) child.kill(signal)
}
