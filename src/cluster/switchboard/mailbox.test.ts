// The queue of a node is limited in messages and in bytes, and delivered messages are released from memory.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Mail, Mailbox, mailBytesMax, mailMax, windowBytesMax, windowRunning } from './mailbox'

let number = 0
const mail = (bytes: number): Mail => new Mail(`s1#1.${number++}.0`, 's1', 's2', Buffer.alloc(1), 0, bytes)
const MiB = 1024 * 1024

describe('a mailbox', () => {
  test('is full at so many bytes, however few the messages, and takes more when some were taken out', () => {
    const box = new Mailbox()
    let added = 0
    while (box.add(mail(MiB))) added++
    expect([added * MiB, box.bytes]).toEqual([mailBytesMax, mailBytesMax])
    box.next()
    expect(box.bytes).toBe(mailBytesMax - MiB)
    expect(box.add(mail(MiB + 1))).toBe(false)
    expect(box.add(mail(MiB))).toBe(true)
    // The end of a peer's connection has no bytes, and is queued all the same.
    expect(box.add({ type: 'peer-lost', peer: 's1' })).toBe(true)
  })

  test('is full at so many messages, however small', () => {
    const box = new Mailbox()
    for (let added = 0; added < mailMax; added++) box.add(mail(1))
    expect(box.add(mail(1))).toBe(false)
  })

  test('takes one message of any size where nothing else waits', () => {
    const box = new Mailbox()
    expect(box.add(mail(mailBytesMax * 2))).toBe(true)
    expect(box.add(mail(1))).toBe(false)
  })

  test('counts what is removed and what is lost with the node', () => {
    const box = new Mailbox()
    const [one, other] = [mail(100), mail(200)]
    box.add(one)
    box.add(other)
    box.remove(one.id)
    expect(box.bytes).toBe(200)
    box.remove('nobody')
    expect(box.empty()).toEqual([other])
    expect([box.bytes, box.waiting]).toEqual([0, 0])
  })

  test('lets a message go that was taken out', async () => {
    const box = new Mailbox()
    let isCollected = false
    const registry = new FinalizationRegistry(() => { isCollected = true })
    const add = (): void => {
      const message = mail(MiB)
      registry.register(message, 0)
      box.add(message)
    }
    add()
    box.add(mail(1))
    box.next()
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let tries = 0; tries < 50 && !isCollected; tries++) {
      collect()
      await new Promise(setImmediate)
    }
    expect(isCollected).toBe(true)
  })
})

describe('the window of a node', () => {
  test('closes at so many deliveries, or at so many bytes, but never to the first', () => {
    const box = new Mailbox()
    expect(box.hasRoom(windowRunning)).toBe(true)
    const large = box.hand(mail(windowBytesMax * 4))
    expect(box.hasRoom(windowRunning)).toBe(false)
    box.taken(large)
    for (let handed = 0; handed < windowRunning; handed++) {
      expect(box.hasRoom(windowRunning)).toBe(true)
      box.hand(mail(10))
    }
    expect(box.hasRoom(windowRunning)).toBe(false)
  })

  test('opens again as deliveries are taken', () => {
    const box = new Mailbox()
    const handles = Array.from({ length: 4 }, () => box.hand(mail(windowBytesMax / 4)))
    expect(box.hasRoom(windowRunning)).toBe(false)
    box.taken(handles[0] ?? 0)
    expect(box.hasRoom(windowRunning)).toBe(true)
    // An unknown handle changes nothing.
    expect(box.taken(9999)).toBeUndefined()
  })
})
