// A recording read from a file that a person picked, packed or not, checked line by line as the lab checks it. Nothing of it is run.
import { createRecordingReader, grouped, RecordingProblem, type ReadLines, type RecordingReader, type TraceHeader } from '../../../src/trace'

export interface FileTaker {
  begin(header: TraceHeader): void
  /** `share` of the file that has been read, from 0 to 1. */
  take(lines: ReadLines, share: number): void
}

/** Resolves with what is to be said of the file's end, or ''. Rejects with a `RecordingProblem` of one sentence. */
export async function readFileLines(file: Blob, taker: FileTaker): Promise<string> {
  const reader = createRecordingReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let hasBegun = false
  let readBytes = 0
  const give = (lines: ReadLines): void => {
    if (!hasBegun && reader.header !== undefined) {
      hasBegun = true
      taker.begin(reader.header)
    }
    if (lines.lines.length > 0) taker.take(lines, Math.min(1, readBytes / Math.max(1, file.size)))
  }
  const counted = file.stream().pipeThrough(new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (piece, controller) => {
      readBytes += piece.byteLength
      controller.enqueue(piece)
    },
  }))
  const isPacked = await beginsPacked(file)
  const pieces = (isPacked ? counted.pipeThrough(new DecompressionStream('gzip')) : counted).getReader()
  let isCutOff = false
  for (;;) {
    const piece = await pieces.read().catch((error: unknown) => {
      // What was unpacked before the end of a torn file is whole.
      if (isPacked && reader.count > 0) return void (isCutOff = true)
      throw isPacked ? new RecordingProblem('The compressed file is damaged.') : error
    })
    if (piece === undefined || piece.done) break
    give(reader.push(textOf(decoder, piece.value)))
  }
  return finish(reader, give, isCutOff)
}

function finish(reader: RecordingReader, give: (lines: ReadLines) => void, isCutOff: boolean): string {
  const end = reader.end()
  give(end)
  return end.note === '' && isCutOff ? `The compressed file was cut off; ${grouped(end.count)} events are whole.` : end.note
}

async function beginsPacked(file: Blob): Promise<boolean> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  return first === 0x1f && second === 0x8b
}

function textOf(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true })
  } catch {
    throw new RecordingProblem('This file holds bytes that are not UTF-8 text, which no recording does.')
  }
}
