// A program as a child process: its lines in and out, bounded, and its process group. It must never let a program's output fill memory, nor act on
// what a line says.
import { spawn, type ChildProcess } from 'node:child_process'
import { lineBytesMax } from '../../foreign'
import { killChild } from '../../system/kill-child'
import { reasonOf } from '../../system/reasons'
import type { ProgramLimits } from './program-spec'

export interface ProgramEvents {
  /** Whole lines that came together, without their line feeds. */
  lines(lines: readonly string[]): void
  /** A line that is too long to be one. */
  tooLong(begin: string): void
  /** A line of its standard error. */
  said(text: string): void
  /** It takes input again. */
  drained(): void
  /** It has ended, and its output was read. `problem`: why the lab ended it, or why it could not be started; empty if it ended by itself. */
  ended(exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly problem: string }): void
}

export interface ProgramStart {
  readonly command: readonly [string, ...string[]]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly limits: ProgramLimits
  readonly events: ProgramEvents
}

/** Time to read what a program wrote last, after its end. */
const lastWordsMs = 500

/** A line of standard error is cut to this many characters. */
const saidMax = 1000
/** Lines of standard error that are told in a second; the others are counted. */
const saidPerSecond = 50

export class ProgramProcess {
  readonly #child: ChildProcess
  readonly #options: ProgramStart
  readonly #out: LineSplitter
  #problem = ''
  #window = { at: 0, lines: 0, bytes: 0 }

  constructor(options: ProgramStart) {
    this.#options = options
    const { command: [program, ...parameters], folder, environment, events } = options
    // A group of its own, so that a signal reaches what it has started too.
    this.#child = spawn(program, parameters, { cwd: folder, env: environment, stdio: ['pipe', 'pipe', 'pipe'], detached: true, windowsHide: true })
    this.#child.once('error', (error) => { this.#problem ||= `${program} could not be started: ${reasonOf(error)}` })
    this.#child.stdin?.on('error', () => undefined).on('drain', () => events.drained())
    this.#out = new LineSplitter(lineBytesMax, (begin) => events.tooLong(begin))
    this.#child.stdout?.on('data', (data: Buffer) => this.#output(data))
    const stderr = new LineSplitter(64 * 1024, () => undefined)
    const teller = new Teller((text) => events.said(text))
    this.#child.stderr?.on('data', (data: Buffer) => {
      process.stderr.write(data)
      for (const line of stderr.push(data)) teller.tell(line.slice(0, saidMax))
    })
    let isOver = false
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (isOver) return
      isOver = true
      const last = this.#out.end()
      if (last !== '') events.lines([last])
      const lastSaid = stderr.end()
      if (lastSaid !== '') teller.tell(lastSaid.slice(0, saidMax))
      teller.end()
      // What it has started in its group ends with it.
      this.signal('SIGKILL')
      events.ended({ code, signal, problem: this.#problem })
    }
    this.#child.once('close', end)
    // A process that it has left may hold its output open for ever.
    this.#child.once('exit', (code, signal) => setTimeout(() => end(code, signal), lastWordsMs))
  }

  /** 0 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** False while so much waits for it that it must take some first. */
  get takesInput(): boolean {
    return this.#child.stdin?.writableNeedDrain !== true
  }

  write(line: string): void {
    if (this.#child.stdin?.writable) this.#child.stdin.write(`${line}\n`)
  }

  /** Reads no output until `resumeOutput`: the switchboard is behind. */
  pauseOutput(): void {
    this.#child.stdout?.pause()
  }

  resumeOutput(): void {
    this.#child.stdout?.resume()
  }

  /** Signals the program and all that it has started. */
  signal(signal: NodeJS.Signals): void {
    if (this.pid === 0) return
    try {
      process.kill(-this.pid, signal)
    } catch {
      // The group has ended, or the system knows no groups.
      killChild(this.#child, signal)
    }
  }

  /** Ends it for this reason. */
  end(problem: string): void {
    this.#problem ||= problem
    this.signal('SIGKILL')
  }

  #output(data: Buffer): void {
    const lines = this.#out.push(data)
    const { linesPerSecond, bytesPerSecond } = this.#options.limits
    const now = performance.now()
    if (now - this.#window.at >= 1000) this.#window = { at: now, lines: 0, bytes: 0 }
    this.#window.lines += lines.length
    this.#window.bytes += data.length
    if (this.#window.lines > linesPerSecond) return this.end(`it wrote more than ${linesPerSecond} lines in a second`)
    if (this.#window.bytes > bytesPerSecond) return this.end(`it wrote more than ${Math.round(bytesPerSecond / 1024 / 1024)} MiB in a second`)
    if (lines.length > 0 && this.#problem === '') this.#options.events.lines(lines)
  }
}

/** Cuts a stream of bytes into lines of bounded length. */
class LineSplitter {
  readonly #max: number
  readonly #tooLong: (begin: string) => void
  #parts: Buffer[] = []
  #length = 0
  /** The rest of a line that was too long is skipped. */
  #isSkipping = false

  constructor(max: number, tooLong: (begin: string) => void) {
    this.#max = max
    this.#tooLong = tooLong
  }

  push(data: Buffer): string[] {
    const lines: string[] = []
    for (let at = 0; at < data.length;) {
      const lineFeed = data.indexOf(0x0a, at)
      const end = lineFeed === -1 ? data.length : lineFeed
      this.#add(data.subarray(at, end))
      at = end + 1
      if (lineFeed === -1) break
      if (!this.#isSkipping) lines.push(this.#join())
      this.#isSkipping = false
    }
    return lines
  }

  /** The last line, if the stream ended within it. */
  end(): string {
    return this.#isSkipping ? '' : this.#join()
  }

  #add(part: Buffer): void {
    if (this.#isSkipping) return
    this.#length += part.length
    if (this.#length <= this.#max) return void this.#parts.push(part)
    const begin = Buffer.concat([...this.#parts, part].slice(0, 2)).toString('utf8', 0, 200)
    this.#isSkipping = true
    this.#parts = []
    this.#length = 0
    this.#tooLong(begin)
  }

  #join(): string {
    const line = this.#parts.length === 1 ? this.#parts[0]?.toString('utf8') ?? '' : Buffer.concat(this.#parts).toString('utf8')
    this.#parts = []
    this.#length = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }
}

/** Tells at most so many lines in a second, and how many were left out. */
class Teller {
  readonly #tell: (text: string) => void
  #second = -1
  #told = 0
  #left = 0

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  tell(text: string): void {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second) {
      this.end()
      this.#second = second
      this.#told = 0
    }
    if (this.#told++ < saidPerSecond) this.#tell(text)
    else this.#left++
  }

  end(): void {
    if (this.#left > 0) this.#tell(`(${this.#left} more lines in that second)`)
    this.#left = 0
  }
}
