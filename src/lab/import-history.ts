// Converts a history of Jepsen, Knossos or Porcupine (EDN or JSON) into a recording, which then opens like any other. It reads in slices, so that
// the lab can do other work. It must never leave half a recording behind.
import { isUtf8 } from 'node:buffer'
import { open, rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { EdnProblem, HistoryProblem, HistoryReading, historyRecording, type HistoryOptions, type ImportedHistory } from '../export'
import { formatEvent, formatHeader, RecordingProblem } from '../trace'
import { RecordingFile, type GrowingFile } from './recording-bytes'
import { Unpacked } from './unpacked'

/** The longest history: its text is read as a whole. */
export const historyBytesMax = 64 * 1024 * 1024

/** Entries read, or events written, in one slice: a few milliseconds. */
const entriesAtOnce = 500

export interface HistoryFile {
  readonly path: string
  /** The name to show. */
  readonly name: string
  /** Set while the file is still being uploaded. */
  readonly growing?: GrowingFile | null
  /** Facts that the person supplies. */
  readonly options?: HistoryOptions
}

export interface Imported {
  /** The number of client operations. */
  readonly count: number
  /** Sentences about what the history does not say and was assumed. */
  readonly assumed: readonly string[]
}

export interface ImportFacts {
  readonly createdAt: Date
  readonly protocolHash: string
}

const endings = /\.(edn|json)(\.gz)?$/i

/** True if the file's name says that it is a history. */
export function isHistoryName(name: string): boolean {
  return endings.test(name)
}

/** Accepts a history without operations. Rejects with a `RecordingProblem` of one sentence, or with the file system's error. */
export async function readHistoryFile(path: string, options: HistoryOptions): Promise<ImportedHistory> {
  return readSlowly(await textOf(await RecordingFile.open(path, null)), options)
}

/** Writes a new recording to `out`. Rejects with a `RecordingProblem` of one sentence. */
export async function importHistory({ path, name, growing = null, options = {} }: HistoryFile, out: string, facts: ImportFacts): Promise<Imported> {
  const history = await readSlowly(await textOf(await RecordingFile.open(path, growing)), options)
  const count = history.operations.filter(({ isInitial }) => !isInitial).length
  if (count === 0) throw new RecordingProblem('This history has no operation of a client.')
  const title = name.replace(endings, '')
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
  return { count, assumed: history.assumed }
}

async function textOf(file: RecordingFile): Promise<string> {
  try {
    const pieces: Buffer[] = []
    let bytes = 0
    const unpacked = new Unpacked(file.pieces(new AbortController().signal))
    for await (const piece of unpacked.pieces()) {
      bytes += piece.length
      if (bytes > historyBytesMax) throw new RecordingProblem(`This history is longer than ${historyBytesMax / 1024 / 1024} MiB, the most that can be read.`)
      pieces.push(piece)
    }
    if (unpacked.isCutOff) throw new RecordingProblem('The compressed file was cut off, and a part of a history is none.')
    const whole = Buffer.concat(pieces)
    if (!isUtf8(whole)) throw new RecordingProblem('This file holds bytes that are not UTF-8 text, which no history does.')
    return whole.toString('utf8')
  } finally {
    await file.close()
  }
}

async function readSlowly(text: string, options: HistoryOptions): Promise<ImportedHistory> {
  try {
    const reading = new HistoryReading(text, options)
    while (reading.advance(entriesAtOnce)) await setImmediate()
    return reading.end()
  } catch (error) {
    throw error instanceof EdnProblem ? new RecordingProblem(error.message) : error
  }
}
