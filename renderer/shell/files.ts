// Recordings in and out as files: pieces of base64 through the contract, so that any carrier and either host can do it.
// It must never look inside a recording: what is one is the lab's to say.
import { useSessionStore } from '../stores/session'

/** Bytes of a file in one piece: a whole number of base64 groups, within the contract's limit. */
export const pieceBytes = 3 * 256 * 1024
/** Files that the lab would refuse anyway are not read at all. */
export const fileBytesMax = 8 * 1024 * 1024 * 1024

/** Base64 of bytes, in runs that fit an argument list. */
export function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

export function bytesOfBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** Sends a file to the lab and shows it; a refusal is in the session store. `progress` is told the bytes that have gone. */
export async function openRecording(file: File, progress: (done: number, total: number) => boolean): Promise<boolean> {
  const session = useSessionStore()
  if (file.size > fileBytesMax) return Boolean(session.refuse(`${file.name} is larger than 8 GiB; a recording of that size cannot be opened.`))
  const begun = await session.call('uploadBegin', { name: file.name.slice(-255), bytes: file.size })
  if (begun === undefined) return false
  for (let at = 0; at < file.size; at += pieceBytes) {
    if (!progress(at, file.size)) {
      session.say(`Opening ${file.name} was cancelled.`)
      return false
    }
    const bytes = new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer())
    if (await session.call('uploadPiece', { upload: begun.upload, base64: base64Of(bytes) }) === undefined) return false
  }
  progress(file.size, file.size)
  const opened = await session.call('uploadOpen', { upload: begun.upload }, `${file.name} is open: a recording, read-only.`)
  return opened !== undefined
}

/** Reads the session's recording and saves it where the browser (or the desktop's save dialog) puts downloads. */
export async function saveRecording(gzip: boolean, progress: (done: number, total: number) => boolean): Promise<void> {
  const session = useSessionStore()
  const pieces: Uint8Array<ArrayBuffer>[] = []
  for (let offset = 0; ;) {
    const piece = await session.call('readRecording', { gzip, offset })
    if (piece === undefined) return
    pieces.push(bytesOfBase64(piece.base64))
    if (piece.next >= piece.total || piece.next <= offset) {
      download(new Blob(pieces, { type: gzip ? 'application/gzip' : 'application/jsonl' }), piece.name)
      session.say(`${piece.name} is saved.`)
      return
    }
    offset = piece.next
    if (!progress(offset, piece.total)) return session.say('Saving was cancelled.')
  }
}

function download(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has its own hold on the data once it has begun; a second is plenty.
  setTimeout(() => URL.revokeObjectURL(address), 1000)
}
