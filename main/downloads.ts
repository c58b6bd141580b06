// A file that the page saves, until it lies where the person wants it: its bytes come to a private folder first, and only then is it
// asked where they go. So a place that cannot be written, or a disk that is full, never leaves half a file, nor takes what was there.
// The page is told what became of it. It must never choose a place itself.
import { copyFile, rename, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { BrowserWindow, dialog, type DownloadItem, type Session, type WebContents } from 'electron'
import { reasonOf } from '../src/lab'

/** Told as `lab:saved`; `address` is that of the page's blob. */
export interface SavedFile {
  readonly address: string
  readonly state: 'saved' | 'cancelled' | 'failed'
  /** Why it failed, to stand within a sentence; else empty. */
  readonly reason: string
}

type Outcome = Omit<SavedFile, 'address'>

const cancelled: Outcome = { state: 'cancelled', reason: '' }

/** `folder`: a private one, for files that nobody has a place for yet. */
export function watchDownloads(session: Session, folder: string): void {
  let count = 0
  session.on('will-download', (_event, item, contents) => {
    const address = item.getURL()
    const path = join(folder, `saving-${++count}`)
    // Said at once, or Electron asks by itself, and writes there as the bytes come.
    item.setSavePath(path)
    bytesOf(item, folder)
      .then((outcome) => outcome ?? askAndPlace(path, item.getFilename(), BrowserWindow.fromWebContents(contents)))
      .catch((error: unknown): Outcome => ({ state: 'failed', reason: reasonOf(error) }))
      .then(async (outcome) => {
        await rm(path, { force: true })
        tell(contents, { address, ...outcome })
      })
      .catch((error: unknown) => process.stderr.write(`${(error as Error).message}\n`))
  })
}

/** Resolves when they are all in the private folder: with null, or with why they are not. */
function bytesOf(item: DownloadItem, folder: string): Promise<Outcome | null> {
  return new Promise((resolve) => {
    let isBroken = false
    item.on('updated', (_event, state) => {
      if (state !== 'interrupted') return
      // It could be taken up again by hand, and nobody would.
      isBroken = true
      item.cancel()
    })
    item.once('done', (_event, state) => {
      if (state === 'completed') resolve(null)
      else if (state === 'cancelled' && !isBroken) resolve(cancelled)
      else void reasonIn(folder).then((reason) => resolve({ state: 'failed', reason }))
    })
  })
}

/** Electron does not say why a file broke off: the room that is left does. */
async function reasonIn(folder: string): Promise<string> {
  const room = await statfs(folder).catch(() => null) // Not to be seen: then it is not known.
  return room?.bavail === 0 ? `there is no room left in ${folder}` : 'the system did not take it'
}

async function askAndPlace(path: string, name: string, window: BrowserWindow | null): Promise<Outcome> {
  const options = { defaultPath: name }
  const { canceled, filePath } = await (window ? dialog.showSaveDialog(window, options) : dialog.showSaveDialog(options))
  if (canceled || filePath === '') return cancelled
  await place(path, filePath)
  return { state: 'saved', reason: '' }
}

/** In one act where both are on one disk; else as a copy beside its place, which takes the place when it is whole. */
async function place(path: string, wanted: string): Promise<void> {
  try {
    await rename(path, wanted)
    return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
  }
  const beside = join(dirname(wanted), `.${basename(wanted)}.${process.pid}.part`)
  try {
    await copyFile(path, beside)
    await rename(beside, wanted)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined) // Its folder may not be there at all.
    throw error
  }
}

function tell(contents: WebContents, saved: SavedFile): void {
  if (!contents.isDestroyed()) contents.send('lab:saved', saved)
}
