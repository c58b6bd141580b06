// A history of another tool (Jepsen or Knossos, EDN) made a recording, which then opens like any other. Read in slices, so that the lab
// does other things meanwhile. It must never leave half a recording behind.
import { isUtf8 } from 'node:buffer'
import { open, rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { EdnProblem, HistoryProblem, HistoryReading, historyRecording, type ImportedHistory } from '../export'
import { formatEvent, formatHeader, RecordingProblem } from '../trace'
import { RecordingFile, type GrowingFile } from './recording-bytes'

/** A history is at most this long: its text is read as a whole. */
export const historyBytesMax = 64 * 1024 * 1024

/** Entries that are read, and events that are written, between two turns of others: a few milliseconds. */
const entriesAtOnce = 500

export interface HistoryFile {
  readonly path: string
  /** What people call it. */
  readonly name: string
  /** It still comes. */
  readonly growing?: GrowingFile | null
}

export interface ImportFacts {
  readonly createdAt: Date
  readonly protocolHash: string
}

/** True for a file that people call a history: by its name. */
export function isHistoryName(name: string): boolean {
  return /\.edn$/i.test(name)
}

/** Rejects with a `RecordingProblem` of one sentence, or with the file system's error. */
export async function readHistoryFile(path: string): Promise<ImportedHistory> {
  return readSlowly(await textOf(await RecordingFile.open(path, null)))
}

/** Writes the recording anew to `out`; answers how many operations it has. Rejects with a `RecordingProblem` of one sentence. */
export async function importHistory({ path, name, growing = null }: HistoryFile, out: string, facts: ImportFacts): Promise<number> {
  const history = await readSlowly(await textOf(await RecordingFile.open(path, growing)))
  const title = name.replace(/\.edn$/i, '')
  try {
    const { header, events } = historyRecording(history, { title, ...facts })
    const file = await open(out, 'wx', 0o600)
    try {
      let lines = [formatHeader(header)]
      for (const event of events) {
        lines.push(formatEvent(event))
        if (lines.length < entriesAtOnce) continue
        await file.writeFile(`${lines.join('\n')}\n`)
        lines = []
      }
      if (lines.length > 0) await file.writeFile(`${lines.join('\n')}\n`)
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(out, { force: true })
    throw error instanceof HistoryProblem ? new RecordingProblem(error.message) : error
  }
  return history.operations.length
}

async function textOf(file: RecordingFile): Promise<string> {
  try {
    const pieces: Buffer[] = []
    let bytes = 0
    for await (const piece of file.pieces(new AbortController().signal)) {
      bytes += piece.length
      if (bytes > historyBytesMax) throw new RecordingProblem(`This history is longer than ${historyBytesMax / 1024 / 1024} MiB, the most that can be imported.`)
      pieces.push(piece)
    }
    const whole = Buffer.concat(pieces)
    if (!isUtf8(whole)) throw new RecordingProblem('This file holds bytes that are not UTF-8 text, which no history does.')
    return whole.toString('utf8')
  } finally {
    await file.close()
  }
}

async function readSlowly(text: string): Promise<ImportedHistory> {
  try {
    const reading = new HistoryReading(text)
    while (reading.advance(entriesAtOnce)) await setImmediate()
    const history = reading.end()
    if (history.operations.length === 0) throw new RecordingProblem('This history has no operation of a client.')
    return history
  } catch (error) {
    throw error instanceof EdnProblem ? new RecordingProblem(error.message) : error
  }
}
