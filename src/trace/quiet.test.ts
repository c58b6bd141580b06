import { describe, expect, test } from 'vitest'
import { Quiet } from './quiet'

const line = (seq: number, body: object): string => JSON.stringify({ seq, at: seq, wall: seq, ...body })
const view = { viewnum: 1, primary: null, backups: [] }
const ping = { type: 'ping', viewnum: 1, incarnation: 1, address: '', initialised: [] }
const sent = (seq: number, id: string, message: object): string => line(seq, { type: 'message-sent', id, from: 's1', to: 'vs', message })
const handed = (seq: number, id: string): string => line(seq, { type: 'message-handed', id })
const taken = (seq: number, id: string): string => line(seq, { type: 'message-taken', id, node: 'vs', incarnation: 1, step: 1 })
const fired = (seq: number, name: string): string => line(seq, { type: 'timer-fired', node: 's1', incarnation: 1, step: 1, name, armed: 1 })

describe('what is quiet', () => {
  test('pings, their answers and the timers of both, whichever way they are cut into batches', () => {
    const quiet = new Quiet()
    const lines = [
      fired(1, 'ping'), sent(2, 'a', ping), handed(3, 'a'), taken(4, 'a'), sent(5, 'b', { type: 'view-reply', toIncarnation: 1, view }), handed(6, 'b'),
      taken(7, 'b'), fired(8, 'ping-check'), sent(9, 'c', { type: 'view-reply', view, toIncarnation: 1 }), taken(10, 'c'),
    ]
    expect(quiet.take(lines.slice(0, 3).join('\n'))).toBe(true)
    expect(lines.slice(3).map((one) => quiet.take(one))).toEqual(lines.slice(3).map(() => true))
  })

  test('an answer to a client is not, nor another message, another timer or anything that is done to a process', () => {
    const quiet = new Quiet()
    const loud = [
      sent(1, 'a', { type: 'view-reply', toIncarnation: 0, view }), handed(2, 'a'), taken(3, 'a'), fired(4, 'retry'), line(5, { type: 'node-killed', node: 's1', incarnation: 1 }),
      sent(6, 'b', { type: 'request', key: '"message":{"type":"ping",' }), line(7, { type: 'frozen', freeze: 1, timers: [], reason: '', metBy: 0 }),
    ]
    expect(loud.map((one) => quiet.take(one))).toEqual(loud.map(() => false))
  })

  test('a batch with one loud event is loud, and its heartbeats are known all the same', () => {
    const quiet = new Quiet()
    expect(quiet.take([sent(1, 'a', ping), fired(2, 'retry')].join('\n'))).toBe(false)
    expect(quiet.take(taken(3, 'a'))).toBe(true)
  })

  test('a message is taken once, and those that were lost are forgotten in the end', () => {
    const quiet = new Quiet()
    for (let seq = 1; seq <= 5000; seq++) quiet.take(sent(seq, `m${seq}`, ping))
    expect(quiet.take(taken(5001, 'm5000'))).toBe(true)
    expect(quiet.take(taken(5002, 'm5000'))).toBe(false)
    expect(quiet.take(taken(5003, 'm1'))).toBe(false)
  })
})
