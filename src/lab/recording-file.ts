// Reads a whole recording file for a command, chunk by chunk: the next chunk is read only after the lines of the last one are processed.
// It must never repair: a truncated end is left out and reported, anything else that is wrong is a `RecordingProblem` of one sentence.
import { NoRegularFile } from '../cluster'
import { reasonOf } from '../system'
import { RecordingProblem, type ReadLines, type TraceHeader } from '../trace'
import { RecordingFile } from './recording-bytes'
import { RecordingLines } from './recording-lines'

export interface ReadOptions {
  readonly bytesMax?: number
  /** Called once, before the first lines. */
  readonly begin: (header: TraceHeader) => Promise<void> | void
  /** Called with the complete lines of each chunk and awaited before the next chunk. */
  readonly take: (lines: ReadLines) => Promise<void> | void
  /** Called for progress: bytes of the file that were read, and its size. */
  readonly read?: (bytes: number, size: number) => void
}

export interface ReadRecording {
  readonly header: TraceHeader
  readonly count: number
  /** Empty, or one sentence that the end was truncated. */
  readonly note: string
}

/** Detects gzip by the file's first bytes. Rejects with a `RecordingProblem`, or with the system's error (`unreadable`). */
export async function readRecordingFile(path: string, { bytesMax, begin, take, read }: ReadOptions): Promise<ReadRecording> {
  const file = await RecordingFile.open(path)
  try {
    const lines = new RecordingLines(file, bytesMax === undefined ? {} : { bytesMax })
    let header: TraceHeader | undefined
    for await (const given of lines.all()) {
      if (header === undefined) await begin(given.header)
      header = given.header
      read?.(file.readBytes, file.size)
      await take(given)
    }
    if (header === undefined) throw new Error('a recording was read that has no header')
    return { header, count: lines.count, note: lines.note }
  } finally {
    await file.close()
  }
}

/** Why a file could not be read: one sentence that begins with its name. Every command and the window use the same sentences. */
export function unreadable(name: string, error: unknown, wanted = 'a recording'): string {
  if (error instanceof RecordingProblem) return `${name}: ${error.message}`
  return error instanceof NoRegularFile ? `${name} is ${error.kind}, not ${wanted}.` : `${name} cannot be read: ${reasonOf(error)}.`
}
