// Opens files that come from outside of the window: as arguments at the start, by a double click, or from a second instance.
// It must never end a running session without asking.
import { basename, resolve } from 'node:path'
import { dialog, type BrowserWindow } from 'electron'
import type { RunningLab } from '../src/lab'

/** The files among the arguments of the program, as absolute paths. `folder`: the working directory of the caller. */
export function filesAmong(words: readonly string[], { folder, isPackaged }: { readonly folder: string; readonly isPackaged: boolean }): string[] {
  // In a development run the first argument is the app itself.
  const [, ...named] = words.filter((word) => word !== '' && !word.startsWith('-'))
  return named.slice(isPackaged ? 0 : 1).map((word) => resolve(folder, word))
}

/** Opens the file, or shows a dialog with the reason why not. Resolves when the file is open, refused or declined. */
export async function openFile(lab: RunningLab, path: string, window: BrowserWindow | undefined): Promise<void> {
  const show = (options: Electron.MessageBoxOptions): Promise<Electron.MessageBoxReturnValue> => (
    window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options)
  )
  if (lab.isLive) {
    const { response } = await show({
      type: 'question', buttons: ['End it and open', 'Cancel'], defaultId: 0, cancelId: 1,
      message: `End the running session and open ${basename(path)}?`, detail: 'Its recording is kept.',
    })
    if (response !== 0) return
  }
  try {
    await lab.openRecording(path)
  } catch (error) {
    await show({ type: 'error', buttons: ['OK'], message: `${basename(path)} cannot be opened.`, detail: error instanceof Error ? error.message : String(error) })
  }
}
