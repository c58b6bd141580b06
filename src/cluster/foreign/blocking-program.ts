// A program that is waited for: each line is written and its answer read in one thread, as virtual time needs it. Its pipes are named ones, because only
// those can be read without an event loop. A guard (program-guard.ts) ends it when it does not answer in time. It must never outlive its owner.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { lineBytesMax, ProgramEnded, type BlockingLines } from '../../foreign'
import { CannotRun } from '../../system/cannot-run'
import { reasonOf } from '../../system/reasons'
import { folderVariable, noteProcess } from '../supervisor/cluster-folder'
import { lifeVariable, programEnvironment, type ProgramSpec } from './program-spec'
import type { Guard } from './guard'

export interface BlockingStart {
  readonly spec: ProgramSpec
  /** A name of its own in the folder. */
  readonly life: string
  /** The private folder of its owner. */
  readonly folder: string
  readonly guard: Guard
}

/** Bytes of one read. */
const readBytes = 64 * 1024

export class BlockingProgram implements BlockingLines {
  readonly #child: ChildProcess
  readonly #guard: Guard
  readonly #spec: ProgramSpec
  readonly #in: number
  readonly #out: number
  readonly #buffer = Buffer.allocUnsafe(readBytes)
  /** Whole lines that were read and not taken. */
  readonly #lines: string[] = []
  /** The beginning of a line. */
  #rest: Buffer = Buffer.alloc(0)
  #isOpen = true
  /** It was given a line and has not answered. */
  #isAsked = false

  /** Throws a CannotRun if the program cannot be started, or the system has no named pipes. */
  constructor({ spec, life, folder, guard }: BlockingStart) {
    this.#guard = guard
    this.#spec = spec
    const [program, ...parameters] = spec.command
    const { ours, theirs } = makePipes(join(folder, life))
    this.#in = ours.in
    this.#out = ours.out
    const environment = { ...programEnvironment({ hidden: {} }, process.env), [folderVariable]: folder, [lifeVariable]: life }
    try {
      this.#child = spawn(program, parameters, { cwd: spec.folder, env: environment, stdio: [theirs.in, theirs.out, 'ignore'], detached: true })
    } finally {
      closeSync(theirs.in)
      closeSync(theirs.out)
    }
    this.#child.on('error', () => undefined)
    if (this.#child.pid === undefined) {
      this.end()
      throw new CannotRun(`The program ${program} could not be started in ${spec.folder}.`)
    }
    this.#child.unref()
    noteProcess(folder, this.#child.pid)
  }

  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    this.#isAsked = true
    this.#inTime(() => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#in, bytes, at)
    })
  }

  read(): string {
    if (this.#lines.length === 0) this.#inTime(() => this.#fill())
    this.#isAsked = false
    return this.#lines.shift() ?? ''
  }

  /** Ends it, and all that it has started in its group. */
  end(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#in)
    closeSync(this.#out)
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }

  /** Reads until there is a whole line. */
  #fill(): void {
    while (this.#lines.length === 0) {
      const length = readSync(this.#out, this.#buffer, 0, readBytes, null)
      if (length === 0) throw new ProgramEnded('on real processes the lab has its last words', { isClean: !this.#isAsked })
      this.#cut(this.#buffer.subarray(0, length))
      if (this.#rest.length > lineBytesMax) throw new ProgramEnded('it wrote a line that is longer than 16 MiB')
    }
  }

  #cut(data: Buffer): void {
    let at = 0
    for (let end = data.indexOf(0x0a); end !== -1; end = data.indexOf(0x0a, at)) {
      const part = data.subarray(at, end)
      this.#lines.push((this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part])).toString('utf8').replace(/\r$/, ''))
      this.#rest = Buffer.alloc(0)
      at = end + 1
    }
    if (at < data.length) this.#rest = Buffer.concat([this.#rest, data.subarray(at)])
  }

  #inTime(act: () => void): void {
    const { pid = 0 } = this.#child
    const ms = this.#spec.limits.stepMs
    this.#guard.watch(pid, ms)
    try {
      act()
    } catch (error) {
      if (this.#guard.hasStruck) throw new ProgramEnded(`it did not answer within ${ms / 1000} s`, { isLate: true })
      if (error instanceof ProgramEnded) throw error
      throw new ProgramEnded(`it ended: ${reasonOf(error)}`, { isClean: !this.#isAsked })
    } finally {
      this.#guard.rest()
    }
  }
}

interface PipeEnds {
  readonly in: number
  readonly out: number
}

/** Two named pipes, open at both ends and gone from the folder. Theirs are to be closed once the program has them. */
function makePipes(path: string): { ours: PipeEnds; theirs: PipeEnds } {
  const paths = { in: `${path}.in`, out: `${path}.out` }
  try {
    execFileSync('mkfifo', ['-m', '600', paths.in, paths.out], { stdio: 'ignore' })
  } catch {
    throw new CannotRun('Programs in virtual time need named pipes, and this system could make none.')
  }
  const { O_RDWR, O_RDONLY, O_WRONLY } = constants
  // Opening one end waits for the other, so both are open for a moment.
  const both = [openSync(paths.in, O_RDWR), openSync(paths.out, O_RDWR)]
  const theirs = { in: openSync(paths.in, O_RDONLY), out: openSync(paths.out, O_WRONLY) }
  const ours = { in: openSync(paths.in, O_WRONLY), out: openSync(paths.out, O_RDONLY) }
  for (const end of both) closeSync(end)
  unlinkSync(paths.in)
  unlinkSync(paths.out)
  return { ours, theirs }
}
