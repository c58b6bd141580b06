// Saves files that the page downloads. A download goes to a private folder first; only then a dialog asks for its final path.
// So a path that cannot be written, or a full disk, never leaves half a file there and never destroys a file that was there.
// The page receives the outcome. This file must never choose a path by itself.
import { copyFile, rename, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { BrowserWindow, dialog, type DownloadItem, type Session, type WebContents } from 'electron'
import { reasonOf } from '../src/system'

/** The outcome of a download, sent to the page as `lab:saved`; `address` is the URL of the page's blob. */
export interface SavedFile {
  readonly address: string
  readonly state: 'saved' | 'cancelled' | 'failed'
  /** Why it failed, as a part of a sentence; empty unless it failed. */
  readonly reason: string
}

type Outcome = Omit<SavedFile, 'address'>

const cancelled: Outcome = { state: 'cancelled', reason: '' }

/** `folder`: a private folder for downloads that have no final path yet. */
export function watchDownloads(session: Session, folder: string): void {
  let count = 0
  session.on('will-download', (_event, item, contents) => {
    const address = item.getURL()
    const path = join(folder, `saving-${++count}`)
    // Must be set synchronously: otherwise Electron shows its own dialog and writes straight to the chosen path.
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

/** Resolves when the whole download is in the private folder: with null, or with the reason why it is not. */
function bytesOf(item: DownloadItem, folder: string): Promise<Outcome | null> {
  return new Promise((resolve) => {
    let isBroken = false
    item.on('updated', (_event, state) => {
      if (state !== 'interrupted') return
      // An interrupted download could be resumed by hand, but nothing here does that.
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

/** Electron does not say why a download failed. The free disk space does. */
async function reasonIn(folder: string): Promise<string> {
  const room = await statfs(folder).catch(() => null) // The free space is unknown: the reason stays general.
  return room?.bavail === 0 ? `there is no room left in ${folder}` : 'the system did not take it'
}

async function askAndPlace(path: string, name: string, window: BrowserWindow | null): Promise<Outcome> {
  const options = { defaultPath: name }
  const { canceled, filePath } = await (window ? dialog.showSaveDialog(window, options) : dialog.showSaveDialog(options))
  if (canceled || filePath === '') return cancelled
  await place(path, filePath)
  return { state: 'saved', reason: '' }
}

/** Renames the file when both paths are on one disk. Otherwise copies it beside the wanted path and renames the whole copy. */
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
    await rm(beside, { force: true }).catch(() => undefined) // The folder may not exist.
    throw error
  }
}

function tell(contents: WebContents, saved: SavedFile): void {
  if (!contents.isDestroyed()) contents.send('lab:saved', saved)
}
