// Writes keys of 16 bytes with values of 64 to a running cluster through the protocol, with many sessions of one client at once.
import type { DirectClient } from '../cluster'
import { utf8ToBytes, type ByteString } from '../protocol'

const sessions = 512

export function benchKey(index: number): ByteString {
  return utf8ToBytes(`key-${String(index).padStart(12, '0')}`)
}

export function benchValue(index: number): ByteString {
  return utf8ToBytes(String(index).padStart(64, 'v'))
}

/** Writes keys 0 to `keys` - 1; rejects if one of them could not be written. */
export function preload(client: DirectClient, keys: number): Promise<void> {
  if (keys === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    let begun = 0
    let ended = 0
    const next = (session: number): void => {
      if (begun === keys) return
      const index = begun++
      client.start({ type: 'put', key: benchKey(index), value: benchValue(index) }, session, (outcome) => {
        if (outcome.type !== 'ok') return reject(new Error(`key ${index} could not be written: ${outcome.reason}`))
        if (++ended === keys) return resolve()
        next(session)
      })
    }
    for (let session = 0; session < Math.min(sessions, keys); session++) next(session)
  })
}
