// Uploads a file to the lab: directly where the host offers it, else as base64 chunks in calls.
// It must never look inside the file; the lab decides what it is.
import type { Lab } from '../../src/contract'

/** The result of an upload: a problem in one sentence or empty; `isStopped` if `gone` cancelled it. */
export interface Brought {
  readonly problem: string
  readonly isStopped: boolean
}

/** Receives the number of bytes sent so far; returns false to cancel the upload. */
export type Gone = (bytes: number) => boolean

export type BringFile = (upload: { readonly upload: number; readonly key: string }, file: File, gone: Gone) => Promise<Brought>

/** The interface that Electron's preload offers. */
interface DesktopFiles {
  bring(key: string, file: File): Promise<string>
}

/** Bytes of a file in one chunk: a whole number of base64 groups, within the contract's limit. */
export const pieceBytes = 3 * 256 * 1024
/** Most chunks in flight at once: the lab writes one while the next arrives. */
const piecesAtOnce = 4

export function bringFileBy(host: 'electron' | 'browser' | 'in-process' | undefined, lab: Lab): BringFile {
  const desktop = (window as { readonly understudyFiles?: DesktopFiles }).understudyFiles
  if (host === 'electron' && desktop) return bringOnDesktop(desktop)
  return host === 'browser' ? bringOverHttp : bringInPieces(lab)
}

/** The main process reads the file itself: nothing of it passes through the page. */
function bringOnDesktop(desktop: DesktopFiles): BringFile {
  return async ({ key }, file, gone) => {
    if (!gone(0)) return { problem: '', isStopped: true }
    const taken = desktop.bring(key, file)
    // The main process reports no progress, so this asks now and then whether the caller cancels.
    let problem: string | null = null
    void taken.then((said) => { problem = said })
    while (problem === null) {
      await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, askedEveryMs))])
      if (problem === null && !gone(file.size)) return { problem: '', isStopped: true }
    }
    return { problem, isStopped: false }
  }
}

const askedEveryMs = 100

/** The browser sends the file outside the main thread, and only to the host of this page. */
const bringOverHttp: BringFile = ({ key }, file, gone) => new Promise((resolve) => {
  if (!gone(0)) return resolve({ problem: '', isStopped: true })
  const request = new XMLHttpRequest()
  const end = (problem: string, isStopped = false): void => resolve({ problem, isStopped })
  request.upload.onprogress = ({ loaded }) => { if (!gone(loaded)) request.abort() }
  request.onabort = () => end('', true)
  request.onerror = () => end('The lab took no more of the file.')
  request.onload = () => end(request.status === 204 ? '' : request.responseText.trim())
  request.open('POST', `/upload/${key}`)
  request.send(file)
})

function bringInPieces(lab: Lab): BringFile {
  return async ({ upload }, file, gone) => {
    const sent: Promise<string>[] = []
    let problem = ''
    for (let at = 0; at < file.size && problem === ''; at += pieceBytes) {
      if (!gone(at)) return { problem: '', isStopped: true }
      const base64 = await readBase64(file.slice(at, at + pieceBytes))
      sent.push(lab.call('uploadPiece', { upload, base64 }).then(() => '', (error: unknown) => error instanceof Error ? error.message : String(error)))
      if (sent.length >= piecesAtOnce) problem = await sent.shift() ?? ''
    }
    const problems = [problem, ...await Promise.all(sent)].filter((sentence) => sentence !== '')
    return { problem: problems[0] ?? '', isStopped: false }
  }
}

/** A chunk of a file as base64. The browser encodes it outside the main thread, which a megabyte would block. */
async function readBase64(piece: Blob): Promise<string> {
  const reader = new FileReader()
  await new Promise((resolve, reject) => {
    reader.onload = resolve
    reader.onerror = () => reject(new Error('The file cannot be read any more.'))
    reader.readAsDataURL(piece)
  })
  const address = reader.result as string
  return address.slice(address.indexOf(',') + 1)
}
