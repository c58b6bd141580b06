// @vitest-environment happy-dom
import fc from 'fast-check'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { connectLab, createPortPair, Refusal, serveLab, type LabHandlers } from '../../src/contract'
import { useSessionStore } from '../stores/session'
import { pieceBytes } from '../link/bring-file'
import { bytesOfBase64, openRecording, saveExport } from './files'
import { saveFile } from './save-file'

vi.mock(import('./save-file'), () => ({ saveFile: vi.fn(() => Promise.resolve()) }))

const received: string[] = []
const openings: boolean[] = []

function connect(handlers: Partial<LabHandlers> = {}): void {
  const [screen, lab] = createPortPair()
  serveLab(lab, {
    uploadBegin: () => ({ upload: 7, key: 'k' }),
    uploadPiece: ({ base64 }) => { received.push(base64); return {} },
    uploadOpen: ({ whileItComes }) => { openings.push(whileItComes ?? false); return { session: 2 } },
    ...handlers,
  } as Partial<LabHandlers> as LabHandlers)
  const session = useSessionStore()
  session.lab = connectLab(screen)
  session.connection = 'open'
}

const file = (bytes: number): File => new File([new Uint8Array(bytes).map((_, at) => at % 251)], 'failover.jsonl')

describe('recordings as files', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    received.length = 0
    openings.length = 0
  })

  it('turns base64 of any bytes into the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect([...bytesOfBase64(Buffer.from(bytes).toString('base64'))]).toEqual([...bytes])
    }))
  })

  it('sends a file in pieces that the contract takes, in order, and opens it', async () => {
    connect()
    const size = pieceBytes * 2 + 5
    expect(await openRecording(file(size), () => true)).toBe(true)
    expect(received.map((piece) => bytesOfBase64(piece).length)).toEqual([pieceBytes, pieceBytes, 5])
    expect(Buffer.from(received.join(''), 'base64').equals(Buffer.from(await file(size).arrayBuffer()))).toBe(true)
    expect(openings).toEqual([true])
  })

  it('stops when it is cancelled before anything is shown: the lab is told by another file that is announced', async () => {
    const begun: string[] = []
    let refuse = (): void => undefined
    connect({
      uploadBegin: ({ name }) => {
        begun.push(name)
        if (name === '') refuse()
        return { upload: 7, key: 'k' }
      },
      uploadOpen: () => new Promise((_, reject) => { refuse = () => reject(new Refusal('Another file was brought in its place.')) }),
    })
    expect(await openRecording(file(pieceBytes * 3), (done) => done < pieceBytes)).toBe(false)
    expect([received.length, begun]).toEqual([1, ['failover.jsonl', '']])
    expect(useSessionStore().said.text).toBe('Opening failover.jsonl was cancelled.')
  })

  it('keeps what is shown when it is stopped later', async () => {
    let ended = 0
    connect({ endSession: () => { ended++; return {} } })
    expect(await openRecording(file(pieceBytes * 8), (done) => done < pieceBytes * 6)).toBe(false)
    expect([received.length, ended]).toEqual([6, 1])
    expect(useSessionStore().said.text).toBe('Opening failover.jsonl was stopped; what has come is shown.')
  })

  it('sends no more of a file that is refused', async () => {
    connect({ uploadOpen: () => { throw new Refusal('This file is not an Understudy recording.') } })
    expect(await openRecording(file(pieceBytes * 40), () => true)).toBe(false)
    expect(received.length).toBeLessThan(40)
  })

  it('says why the lab refuses a file', async () => {
    connect({ uploadOpen: () => { throw new Refusal('This file is not an Understudy recording.') } })
    expect(await openRecording(file(3), () => true)).toBe(false)
    expect(useSessionStore().refusal).toBe('This file is not an Understudy recording.')
  })
})

describe('an export as a file', () => {
  const request = { format: 'csv', range: { from: 3, to: 9 } } as const
  const begun: unknown[] = []
  const ended: number[] = []
  let reads = 0
  const piece = (text: string, share: number, done = false) => ({ base64: Buffer.from(text).toString('base64'), share, done, events: 7, told: done ? '1 operation, of 7 events' : '', notes: done ? ['Cut.'] : [] })
  const handlers: Partial<LabHandlers> = {
    exportBegin: (takes) => { begun.push(takes); return { export: 4, name: 'failover-3-9.csv' } },
    exportRead: () => [piece('a,b\r\n', 0.4), piece('', 0.7), piece('ü,d\r\n', 1, true)][reads++] ?? piece('', 1, true),
    exportEnd: ({ export: id }) => { ended.push(id); return {} },
  }

  beforeEach(() => {
    setActivePinia(createPinia())
    vi.mocked(saveFile).mockClear()
    begun.length = ended.length = reads = 0
  })

  it('is taken piece by piece and saved whole, with what was left out of it', async () => {
    connect(handlers)
    const shares: number[] = []
    await saveExport(request, (done, total) => { shares.push(done / total); return true })
    expect(begun).toEqual([{ session: 0, format: 'csv', from: 3, to: 9 }])
    const [blob, name, notes] = vi.mocked(saveFile).mock.calls[0] ?? []
    expect([await blob?.text(), blob?.type, name, notes]).toEqual(['a,b\r\nü,d\r\n', 'text/csv', 'failover-3-9.csv', ['It has 1 operation, of 7 events.', 'Cut.']])
    expect(shares).toEqual([0.396, 0.693])
  })

  it('that is cancelled is ended at the lab, and nothing is saved', async () => {
    connect(handlers)
    await saveExport(request, () => false)
    expect([ended, reads, vi.mocked(saveFile).mock.calls]).toEqual([[4], 1, []])
    expect(useSessionStore().said.text).toBe('The export was cancelled; nothing was saved.')
  })

  it.each(['exportBegin', 'exportRead'] as const)('that is refused by %s is not saved, and the reason is said', async (call) => {
    connect({ ...handlers, [call]: () => { throw new Refusal('Another session is shown.') } })
    await saveExport(request, () => true)
    expect(vi.mocked(saveFile)).not.toHaveBeenCalled()
    expect(useSessionStore().refusal).toBe('Another session is shown.')
  })
})
