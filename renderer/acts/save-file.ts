// Saves a file through the browser's download or the desktop's save dialog, and reports the result in one sentence.
// In a browser the result is not known here; the browser shows it.
import { useSessionStore } from '../stores/session'

/** The desktop app's message about a saved file (main/downloads.ts). */
interface SavedFile {
  readonly address: string
  readonly state: 'saved' | 'cancelled' | 'failed'
  readonly reason: string
}

/** Milliseconds until the data is released; long enough for a browser's download to open it. */
const holdMs = 1000

/** Resolves when the result has been reported. `notes`: sentences about what is not in the file. */
export async function saveFile(blob: Blob, name: string, notes: readonly string[] = []): Promise<void> {
  const session = useSessionStore()
  const address = URL.createObjectURL(blob)
  const told = session.about?.host === 'electron' ? endOf(address) : Promise.resolve<SavedFile>({ address, state: 'saved', reason: '' })
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  const { state, reason } = await told
  setTimeout(() => URL.revokeObjectURL(address), holdMs)
  switch (state) {
    case 'saved': return session.say([`${name} is saved.`, ...notes].join(' '))
    case 'cancelled': return session.say(`${name} was not saved.`)
    case 'failed': return void session.refuse(`${name} cannot be written there: ${reason}. Nothing of it was left; save it elsewhere.`)
  }
}

/** Resolves with the result of the save dialog. There is no timeout, because a person may leave the dialog open. */
function endOf(address: string): Promise<SavedFile> {
  return new Promise((resolve) => {
    const take = ({ source, data }: MessageEvent<unknown>): void => {
      if (source !== window || !isSaved(data) || data.saved.address !== address) return
      window.removeEventListener('message', take)
      resolve(data.saved)
    }
    window.addEventListener('message', take)
  })
}

function isSaved(data: unknown): data is { readonly saved: SavedFile } {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'lab:saved'
}
