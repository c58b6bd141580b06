// A file of this window put where the browser, or the desktop's save dialog, puts downloads, and one sentence on what became of it.
// In a browser only the browser knows the end of it, and shows it itself.
import { useSessionStore } from '../stores/session'

/** What the desktop tells of a file (main/downloads.ts). */
interface SavedFile {
  readonly address: string
  readonly state: 'saved' | 'cancelled' | 'failed'
  readonly reason: string
}

/** Long enough for a browser's download to take its own hold on the data. */
const holdMs = 1000

/** Resolves when its end was said. `notes`: sentences on what is not in the file. */
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

/** A person may take as long as they like over the dialog. */
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
