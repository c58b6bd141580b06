// Opens and saves recordings as files, and saves exports of them.
// It must never look inside a recording: the lab decides whether a file is one.
import { exporters, type ExportFormat, type ExportRange } from '../../src/export'
import { bringFileBy } from '../link/bring-file'
import { useSessionStore } from '../stores/session'
import { saveFile } from './save-file'

/** Larger files are refused here without reading them, because the lab would refuse them anyway. */
export const fileBytesMax = 8 * 1024 * 1024 * 1024

export function bytesOfBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** Uploads a file to the lab, which shows it while it arrives; a refusal is in the session store. `progress` gets the bytes sent so far. */
export async function openRecording(file: File, progress: (done: number, total: number) => boolean): Promise<boolean> {
  const session = useSessionStore()
  if (file.size > fileBytesMax) return Boolean(session.refuse(`${file.name} is larger than 8 GiB; a recording of that size cannot be opened.`))
  const begun = await session.call('uploadBegin', { name: file.name.slice(-255), bytes: file.size })
  if (begun === undefined || session.lab === null) return false
  let isOpen: boolean | undefined
  const opened = session.call('uploadOpen', { upload: begun.upload, whileItComes: true }, `${file.name} is open: a recording, read-only.`)
    .then((answer) => isOpen = answer !== undefined)
  let isRefused = false
  const bring = bringFileBy(session.about?.host, session.lab)
  const { problem, isStopped } = await bring(begun, file, (done) => {
    isRefused = isOpen === false
    return !isRefused && progress(done, file.size)
  })
  // If the lab refused the file, `isStopped` follows from that and not from a cancel, and the refusal has been reported.
  if (isStopped && !isRefused) return giveUp(file.name, isOpen === true, opened)
  progress(file.size, file.size)
  // Announcing another upload ends this one; else the lab would wait for the rest of the file.
  if (problem !== '') await session.call('uploadBegin', { name: '', bytes: 0 })
  if (!await opened) return false
  return problem === '' ? true : Boolean(session.refuse(problem))
}

/** Cancels an upload: the part that is already shown stays, and the rest is not sent. */
async function giveUp(name: string, isOpen: boolean, opened: Promise<boolean>): Promise<false> {
  const session = useSessionStore()
  if (isOpen) await session.call('endSession', {})
  // Announcing another upload tells the lab that the rest of this file will not come.
  await session.call('uploadBegin', { name: '', bytes: 0 })
  await opened
  session.say(isOpen ? `Opening ${name} was stopped; what has come is shown.` : `Opening ${name} was cancelled.`)
  return false
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
      void saveFile(new Blob(pieces, { type: gzip ? 'application/gzip' : 'application/jsonl' }), piece.name)
      return
    }
    offset = piece.next
    if (!progress(offset, piece.total)) return session.say('Saving was cancelled.')
  }
}

export interface ExportRequest {
  readonly format: ExportFormat
  readonly range: ExportRange
}

/** Resolution of an export's progress, which is a share because its size in bytes is not known before the end. */
const shareParts = 1000

/** Makes an export in the lab, chunk by chunk, and saves it. It saves nothing of an export that is cancelled or refused. */
export async function saveExport({ format, range }: ExportRequest, progress: (done: number, total: number) => boolean): Promise<void> {
  const session = useSessionStore()
  const begun = await session.call('exportBegin', { session: session.status.session, format, ...range })
  if (begun === undefined) return
  // Blobs, because the browser stores them outside of this window's memory, and an export may be larger than its recording.
  const pieces: Blob[] = []
  for (;;) {
    const piece = await session.call('exportRead', { export: begun.export })
    if (piece === undefined) return
    if (piece.base64 !== '') pieces.push(new Blob([bytesOfBase64(piece.base64)]))
    if (piece.done) return void saveFile(new Blob(pieces, { type: exporters[format].mimeType }), begun.name, [`It has ${piece.told}.`, ...piece.notes])
    if (progress(Math.floor(piece.share * (shareParts - 10)), shareParts)) continue
    await session.call('exportEnd', { export: begun.export })
    return session.say('The export was cancelled; nothing was saved.')
  }
}
