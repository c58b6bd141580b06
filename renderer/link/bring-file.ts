// How a file comes to the lab: as it is where the host has a way beside the calls, else in pieces of base64 through them. It must never
// look inside the file; what is done with it is the lab's to say.
import type { Lab } from '../../src/contract'

/** What came of it: empty, or one sentence; `isStopped` if whoever watched wanted no more of it. */
export interface Brought {
  readonly problem: string
  readonly isStopped: boolean
}

/** Told the bytes that have gone; false: no more is wanted. */
export type Gone = (bytes: number) => boolean

export type BringFile = (upload: { readonly upload: number; readonly key: string }, file: File, gone: Gone) => Promise<Brought>

/** What Electron's preload offers. */
interface DesktopFiles {
  bring(key: string, file: File): Promise<string>
}

/** Bytes of a file in one piece: a whole number of base64 groups, within the contract's limit. */
export const pieceBytes = 3 * 256 * 1024
/** Pieces that are on their way at once: the lab writes one while the next comes. */
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
    // It says nothing on its way, and whoever watches may still want no more of it.
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

/** The browser sends it beside the page's own work, and only the host of this page gets it. */
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

/** The bytes of a piece of a file as base64: made by the browser beside the main thread, which a megabyte by hand would hold up. */
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
