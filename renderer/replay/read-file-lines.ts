// Reads a recording from a picked file, packed or not, and checks each line as the lab does. It must never run anything of the file.
import { byteSentences, createRecordingReader, RecordingProblem, type ReadLines, type RecordingReader, type TraceHeader } from '../../src/trace'

export interface FileTaker {
  begin(header: TraceHeader): void
  /** `share` of the file that has been read, from 0 to 1. */
  take(lines: ReadLines, share: number): void
}

/** Resolves with a sentence about the file's end (if it is cut off), or ''. Rejects with a `RecordingProblem` of one sentence. */
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
      if (!isPacked) throw error
      const problem = packedProblem(error)
      // The lines unpacked before the end of a cut-off file are complete.
      if (problem === '' && reader.count > 0) return void (isCutOff = true)
      throw new RecordingProblem(problem || byteSentences.damaged)
    })
    if (piece === undefined || piece.done) break
    give(reader.push(textOf(decoder, piece.value)))
  }
  return finish(reader, give, isCutOff)
}

function finish(reader: RecordingReader, give: (lines: ReadLines) => void, isCutOff: boolean): string {
  const end = reader.end()
  give(end)
  return end.note === '' && isCutOff ? byteSentences.cutOff(end.count) : end.note
}

/** Browsers report a broken packed file only by an error text. '' if the text says that the file is cut off; any other text means damaged, the safer answer. */
function packedProblem(error: unknown): string {
  // Some engines put the text only into the error's cause.
  const words = [error, error instanceof Error ? error.cause : undefined].map((each) => each instanceof Error ? each.message : '').join(' ')
  // The lab can unpack several gzip members; a browser's DecompressionStream stops after the first.
  if (/junk/i.test(words)) return 'This file is packed in several pieces, and this window unpacks only one; unpack it first.'
  return /\bend\b|truncated|incomplete/i.test(words) ? '' : byteSentences.damaged
}

async function beginsPacked(file: Blob): Promise<boolean> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  return first === 0x1f && second === 0x8b
}

function textOf(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true })
  } catch {
    throw new RecordingProblem(byteSentences.foreign)
  }
}
