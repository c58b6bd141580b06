// @vitest-environment happy-dom
import fc from 'fast-check'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { connectLab, createPortPair, Refusal, serveLab, type LabHandlers } from '../../src/contract'
import { useSessionStore } from '../stores/session'
import { base64Of, bytesOfBase64, openRecording, pieceBytes } from './files'

const received: string[] = []
let openings = 0

function connect(handlers: Partial<LabHandlers> = {}): void {
  const [screen, lab] = createPortPair()
  serveLab(lab, {
    uploadBegin: () => ({ upload: 7 }),
    uploadPiece: ({ base64 }) => { received.push(base64); return {} },
    uploadOpen: () => { openings++; return { session: 2 } },
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
    openings = 0
  })

  it('turns any bytes into base64 and back', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect([...bytesOfBase64(base64Of(bytes))]).toEqual([...bytes])
      expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'))
    }))
  })

  it('sends a file in pieces that the contract takes, in order, and opens it', async () => {
    connect()
    const size = pieceBytes * 2 + 5
    expect(await openRecording(file(size), () => true)).toBe(true)
    expect(received.map((piece) => bytesOfBase64(piece).length)).toEqual([pieceBytes, pieceBytes, 5])
    expect(Buffer.from(received.join(''), 'base64').equals(Buffer.from(await file(size).arrayBuffer()))).toBe(true)
    expect(openings).toBe(1)
  })

  it('stops when it is cancelled, and opens nothing', async () => {
    connect()
    expect(await openRecording(file(pieceBytes * 3), (done) => done < pieceBytes)).toBe(false)
    expect([received.length, openings]).toEqual([1, 0])
    expect(useSessionStore().said.text).toBe('Opening failover.jsonl was cancelled.')
  })

  it('says why the lab refuses a file', async () => {
    connect({ uploadOpen: () => { throw new Refusal('This file is not an Understudy recording.') } })
    expect(await openRecording(file(3), () => true)).toBe(false)
    expect(useSessionStore().refusal).toBe('This file is not an Understudy recording.')
  })
})
