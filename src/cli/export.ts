// `export RECORDING --format NAME`: converts a recording for another tool. Data goes to standard output or to --out, progress to standard error.
// It must never leave half a file: it writes a temporary file beside the target and renames it when it is complete.
import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { type Command, Option } from 'commander'
import { exporters, exportFormats, exportText, isExportFormat, type ExportFormat, type ExportRange, type ExportWriter } from '../export'
import { readRecordingFile, unreadable } from '../lab'
import { endSignals, reasonOf } from '../system'
import { grouped } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { EventProgress } from './event-progress'
import { asGiven, say } from './terminal'

interface ExportOptions {
  readonly format: ExportFormat
  readonly from?: number
  readonly to?: number
  readonly out?: string
}

const seqMax = Number.MAX_SAFE_INTEGER

export function exportCommand(program: Command): void {
  program.command('export').argument('<recording>', 'a recording, .jsonl or .jsonl.gz')
    .description(`a recording for other tools: ${exportFormats.join(', ')}`)
    .addOption(new Option('--format <name>', 'which of them').choices(exportFormats).makeOptionMandatory().argParser(formatNamed))
    .option('--from <seq>', 'the first event', wholeNumber('--from', 1, seqMax))
    .option('--to <seq>', 'the last event', wholeNumber('--to', 1, seqMax))
    .option('--out <file>', 'writes there instead of to standard output')
    .action(exportRecording)
}

function formatNamed(name: string): ExportFormat {
  if (isExportFormat(name)) return name
  throw new CannotRun(`There is no export format ${JSON.stringify(name.slice(0, 40))}; there are ${exportFormats.join(', ')}.`)
}

async function exportRecording(path: string, { format, from = 1, to = seqMax, out }: ExportOptions): Promise<void> {
  if (from > to) throw new CannotRun(`--from ${from} is after --to ${to}.`)
  if (out !== undefined) await refusePlace(path, out)
  const target = out === undefined ? new StandardOutput() : new FileBeside(out)
  const stop = (): void => void target.discard().finally(() => process.exit(130))
  for (const signal of endSignals) process.once(signal, stop)
  const progress = new EventProgress(process.stderr)
  try {
    const { writer, note } = await write(path, format, { from, to }, target, progress)
    await target.finish()
    progress.end()
    const about = [note, ...writer.notes].filter((sentence) => sentence !== '')
    say(`${exporters[format].title}: ${exportText(writer)}${out === undefined ? '' : ` in ${out}`}.`, ...about)
  } catch (error) {
    progress.end()
    await target.discard()
    if (error instanceof ReaderHasGone) return // Not an error: for example `| head` has enough.
    throw error instanceof CannotRun ? error : new CannotRun(unreadable(path, error))
  } finally {
    for (const signal of endSignals) process.off(signal, stop)
  }
}

/** The final rename would replace whatever is at `out`: only a regular file that is not the recording may be replaced. */
async function refusePlace(path: string, out: string): Promise<void> {
  const there = await stat(out).catch(() => undefined) // Missing or unreadable: the write will report it.
  if (there === undefined) return
  if (!there.isFile()) throw new CannotRun(`${out} cannot be written: it is ${there.isDirectory() ? 'a folder' : 'no regular file'}.`)
  const recording = await stat(path).catch(() => undefined) // The read will report it.
  if (recording !== undefined && there.ino === recording.ino && there.dev === recording.dev) throw new CannotRun(`${out} is the recording itself; choose another --out.`)
}

async function write(path: string, format: ExportFormat, range: ExportRange, target: Target, progress: EventProgress): Promise<{ writer: ExportWriter; note: string }> {
  let writer: ExportWriter | undefined
  const { header, count, note } = await readRecordingFile(path, {
    begin: (read) => {
      writer = exporters[format].begin(read, range)
      return Promise.resolve()
    },
    take: async ({ events }) => {
      let text = ''
      for (const event of events) text += writer?.take(event) ?? ''
      progress.took(events.length)
      await target.write(text)
    },
    read: (bytes, size) => progress.read(bytes, size),
  })
  if (range.from > Math.max(1, count)) throw new CannotRun(`${path} has ${grouped(count)} events; --from ${range.from} is after the last.`)
  const whole = writer ?? exporters[format].begin(header, range)
  for (const piece of whole.end(note)) await target.write(piece)
  return { writer: whole, note }
}

// ---- where it goes

interface Target {
  write(text: string): Promise<void>
  finish(): Promise<void>
  discard(): Promise<void>
}

/** The reader of standard output has closed it. */
class ReaderHasGone extends Error {}

class StandardOutput implements Target {
  #problem: Error | undefined

  constructor() {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#problem = error.code === 'EPIPE' ? new ReaderHasGone() : error
    })
  }

  async write(text: string): Promise<void> {
    this.#throwProblem()
    await writeTo(process.stdout, asGiven(text))
    this.#throwProblem()
  }

  finish(): Promise<void> {
    return Promise.resolve()
  }

  discard(): Promise<void> {
    return Promise.resolve()
  }

  #throwProblem(): void {
    if (this.#problem) throw this.#problem
  }
}

class FileBeside implements Target {
  readonly #path: string
  readonly #temporary: string
  readonly #stream: Writable
  #problem: Error | undefined

  constructor(path: string) {
    this.#path = path
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
    this.#stream = createWriteStream(this.#temporary, { flags: 'wx' })
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#problem = new CannotRun(`${path} cannot be written: ${error.code === 'ENOENT' ? `there is no folder ${dirname(path)}` : reasonOf(error)}.`)
    })
  }

  async write(text: string): Promise<void> {
    this.#throwProblem()
    await writeTo(this.#stream, text)
    this.#throwProblem()
  }

  async finish(): Promise<void> {
    this.#stream.end()
    if (!this.#problem) await once(this.#stream, 'close').catch(() => {}) // The error listener keeps the error.
    this.#throwProblem()
    try {
      await rename(this.#temporary, this.#path)
    } catch (error) {
      throw new CannotRun(`${this.#path} cannot be written: ${reasonOf(error)}.`)
    }
  }

  async discard(): Promise<void> {
    const isClosed = this.#stream.closed ? Promise.resolve() : once(this.#stream, 'close')
    this.#stream.destroy()
    await isClosed.catch(() => {}) // Already reported.
    await rm(this.#temporary, { force: true }).catch(() => {}) // The folder may not exist.
  }

  #throwProblem(): void {
    if (this.#problem) throw this.#problem
  }
}

/**
 * Resolves when the stream accepts more or has failed; the stream's own listener keeps the error. Called thousands of times in an export, so it must
 * leave no listener behind.
 */
async function writeTo(stream: Writable, text: string): Promise<void> {
  if (text === '' || stream.write(text)) return
  const waiting = new AbortController()
  const either = ['drain', 'close'].map((event) => once(stream, event, { signal: waiting.signal }).catch(() => {})) // The error listener keeps it.
  await Promise.race(either)
  waiting.abort()
}
