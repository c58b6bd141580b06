// Remembers the window's position and size between starts. A broken or missing file means the default; it must never cause an error.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { screen, type BrowserWindow, type Rectangle } from 'electron'

interface WindowState {
  readonly bounds: Partial<Rectangle>
  readonly isMaximized: boolean
}

const file = (folder: string): string => join(folder, 'window.json')
const usual: WindowState = { bounds: { width: 1280, height: 800 }, isMaximized: false }
/** Moves and resizes come in bursts: only the last one is saved, after this long. */
const settledMs = 500

export async function readWindowState(folder: string): Promise<WindowState> {
  try {
    const { bounds, isMaximized } = JSON.parse(await readFile(file(folder), 'utf8')) as { bounds: Rectangle; isMaximized: boolean }
    const numbers = [bounds.x, bounds.y, bounds.width, bounds.height]
    if (!numbers.every(Number.isInteger) || bounds.width < 480 || bounds.height < 360) return usual
    // Without this check, a window on an unplugged screen would be invisible.
    const { workArea } = screen.getDisplayMatching(bounds)
    const isVisible = bounds.x < workArea.x + workArea.width && bounds.y < workArea.y + workArea.height && bounds.x + bounds.width > workArea.x
    return { bounds: isVisible ? bounds : usual.bounds, isMaximized }
  } catch {
    // Missing, or not valid.
    return usual
  }
}

export function rememberWindowState(window: BrowserWindow, folder: string): void {
  let timer: NodeJS.Timeout | undefined
  const write = async (): Promise<void> => {
    if (window.isDestroyed()) return
    const state: WindowState = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() }
    try {
      await writeFile(`${file(folder)}.new`, JSON.stringify(state))
      await rename(`${file(folder)}.new`, file(folder))
    } catch {
      // If the folder cannot be written, only the window's position is lost.
    }
  }
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void write(), settledMs)
  }
  window.on('resize', later)
  window.on('move', later)
  window.on('closed', () => clearTimeout(timer))
}
