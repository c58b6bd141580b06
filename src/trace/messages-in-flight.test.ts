import { describe, expect, it } from 'vitest'
import type { EventOf, TraceEvent } from './event'
import { MessagesInFlight } from './messages-in-flight'

const event = (body: object): TraceEvent => ({ seq: 1, at: 0, wall: 0, ...body }) as unknown as TraceEvent
const sent = (id: string, seq = 1): TraceEvent => event({ type: 'message-sent', id, seq, from: 'c1', to: 's1', message: { type: 'ping' } })
const copy = (id: string, of: string, carries: object | null = null): TraceEvent => event({ type: 'message-duplicated', id, of, reason: 'by hand', carries, seq: 9 })
const late = { from: 'c2', to: 's2', message: { type: 'ping' } }
const of = (type: string, id = 'm'): TraceEvent => event({ type, id })
const seqs = (leaves?: 'taken' | 'handed' | 'never') => new MessagesInFlight({ sent: ({ seq }) => seq, ...leaves && { leaves } })

describe('the book of messages in flight', () => {
  it('knows a message from its sending on, at each event about it', () => {
    const book = seqs()
    expect(book.take(sent('m', 4))).toBe(4)
    for (const type of ['message-delayed', 'message-held', 'message-released', 'message-handed', 'message-taken']) expect(book.take(of(type))).toBe(4)
    expect([book.get('m'), book.size]).toEqual([undefined, 0])
    expect([book.take(of('message-handed', 'nobody')), book.take(event({ type: 'timer-fired', node: 's1' }))]).toEqual([undefined, undefined])
  })

  it.each([
    ['taken', ['message-dropped', 'message-taken'], ['message-handed']],
    ['handed', ['message-dropped', 'message-taken', 'message-handed'], ['message-held']],
    ['never', [], ['message-dropped', 'message-taken', 'message-handed']],
  ] as const)('forgets a message that is %s or lost', (leaves, ends, stays) => {
    for (const type of [...ends, ...stays]) {
      const book = seqs(leaves)
      book.take(sent('m', 4))
      expect(book.take(of(type))).toBe(4)
      expect(book.get('m')).toBe((ends as readonly string[]).includes(type) ? undefined : 4)
    }
  })

  it('knows a copy as its original, a copy of a copy too, each until its own end', () => {
    const book = seqs()
    book.take(sent('m', 4))
    expect(book.take(copy('m+1', 'm'))).toBe(4)
    book.take(of('message-taken'))
    expect(book.take(copy('m+2', 'm+1'))).toBe(4)
    expect([...book]).toEqual([['m+1', 4], ['m+2', 4]])
    expect(book.take(copy('m+3', 'm'))).toBeUndefined()
  })

  it('knows a copy whose original has left the network by what it carries', () => {
    const book = new MessagesInFlight<EventOf<'message-sent'>>({ sent: (sending) => sending })
    expect(book.take(copy('m+1', 'm', late))).toMatchObject({ type: 'message-sent', id: 'm+1', seq: 9, ...late })
    expect(book.get('m+1')?.to).toBe('s2')
  })

  it('has copies as its reader wants them', () => {
    const book = new MessagesInFlight({ sent: ({ id }) => ({ id, copies: 0 }), copied: ({ copies }, { id }) => ({ id, copies: copies + 1 }) })
    book.take(sent('m'))
    book.take(copy('m+1', 'm'))
    expect(book.take(copy('m+2', 'm+1'))).toEqual({ id: 'm+2', copies: 2 })
    // This copy carries its contents, so it counts as sent.
    expect(book.take(copy('x+1', 'x', late))).toEqual({ id: 'x+1', copies: 0 })
  })

  it('has copies that go on by themselves', () => {
    const book = new MessagesInFlight({ sent: ({ seq }) => ({ seq }) })
    book.take(sent('m', 4))
    const other = book.copy((known) => ({ ...known }))
    book.take(of('message-taken'))
    const known = other.get('m')
    if (known) known.seq = 7
    other.take(sent('n', 5))
    expect([[...book], [...other]]).toEqual([[], [['m', { seq: 7 }], ['n', { seq: 5 }]]])
  })
})
