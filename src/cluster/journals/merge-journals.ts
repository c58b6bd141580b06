// Merges journal files into one recording file. Reads each file twice, chunk by chunk: first for its incarnations and connections, then to order
// the frames (merge.ts). It must never leave half a recording behind.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { fileReasonOf } from '../switchboard/recorder'
import { framesOfLife, JournalProblem, scanJournal, type ScannedLife } from './journal-reader'
import { mergeJournals, type Merged } from './merge'

export interface MergedFile extends Merged {
  readonly lives: number
}

/** Characters of recording lines that are written at once. */
const pieceLength = 256 * 1024

/** Writes a new recording to `out`, compressed if its name ends in .gz. Throws a JournalProblem of one sentence. */
export function mergeJournalFiles(paths: readonly string[], out: string, title: string): MergedFile {
  const lives = [...new Set(paths)].flatMap(scanJournal)
  let file: number
  try {
    file = openSync(out, 'wx', 0o600)
  } catch (error) {
    throw new JournalProblem((error as NodeJS.ErrnoException).code === 'EEXIST' ? `${out} is there already; choose another --out.` : `${out} cannot be written: ${fileReasonOf(error)}`)
  }
  try {
    const writer = new LineWriter(file, out.endsWith('.gz'))
    const merged = mergeJournals({
      sources: lives.map((scanned) => ({ scanned, frames: framesOfLife(scanned.place) })), title, line: (text) => writer.add(text),
    })
    writer.flush()
    return { ...merged, lives: lives.length, notes: [...lives.flatMap(tornNote), ...merged.notes] }
  } catch (error) {
    rmSync(out, { force: true })
    if (error instanceof Error && 'code' in error) throw new JournalProblem(`${out} cannot be written: ${fileReasonOf(error)}`)
    throw error
  } finally {
    closeSync(file)
  }
}

function tornNote({ isTorn, place, life }: ScannedLife): string[] {
  return isTorn ? [`${place.path} ends in the middle of a frame; what ${life.name} had written whole is in the recording.`] : []
}

class LineWriter {
  readonly #file: number
  readonly #isPacked: boolean
  #lines: string[] = []
  #length = 0

  constructor(file: number, isPacked: boolean) {
    this.#file = file
    this.#isPacked = isPacked
  }

  add(line: string): void {
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= pieceLength) this.flush()
  }

  flush(): void {
    if (this.#lines.length === 0) return
    const text = Buffer.from(`${this.#lines.join('\n')}\n`)
    // Concatenated gzip members are a valid gzip file.
    const bytes = this.#isPacked ? gzipSync(text) : text
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at)
    this.#lines = []
    this.#length = 0
  }
}
