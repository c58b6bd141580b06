// For tests of the built programs: runs one to its end.
import { execFile } from 'node:child_process'

export interface Ran {
  /** -1 where it was ended by a signal. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export function runProgram(file: string, parameters: readonly string[], timeoutMs: number): Promise<Ran> {
  return new Promise((settle) => {
    execFile(file, parameters, { maxBuffer: 64 * 1024 * 1024, timeout: timeoutMs }, (error, stdout, stderr) => {
      settle({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
