// A backup that restarts at another address before its view is acked: the primary must learn where it is now, or the view is never acked.
import { describe, expect, it } from 'vitest'
import { createMachine, defaultSettings, type EffectSink, type Message, type View } from './index'

class Sent implements EffectSink {
  readonly messages: { readonly to: string; readonly message: Message }[] = []
  send(to: string, message: Message): void { this.messages.push({ to, message }) }
  setTimer(): void { /* no time passes here */ }
  cancelTimer(): void { /* no time passes here */ }
  report(): void { /* reports are ignored */ }
}

class ViewServer {
  readonly #out = new Sent()
  readonly #machine = createMachine({ type: 'start', name: 'vs', kind: 'view-server', incarnation: 1, address: '', settings: { ...defaultSettings, backupsWanted: 1 }, seed: 'vs' }, this.#out)

  /** The view that it answers with. */
  ping(from: string, incarnation: number, address: string, viewnum: number, initialised: { name: string; incarnation: number }[] = []): View {
    this.#out.messages.length = 0
    this.#machine.step({ type: 'message', from, message: { type: 'ping', viewnum, incarnation, address, initialised } }, this.#out)
    const reply = this.#out.messages.findLast(({ to }) => to === from)?.message
    if (reply?.type !== 'view-reply') throw new Error(`it answered ${reply?.type ?? 'nothing'}`)
    return reply.view
  }

  query(): { readonly current: View; readonly acked: View } {
    this.#out.messages.length = 0
    this.#machine.step({ type: 'message', from: 'c1', message: { type: 'query' } }, this.#out)
    const reply = this.#out.messages[0]?.message
    if (reply?.type !== 'query-reply') throw new Error('it answered nothing')
    return reply
  }
}

/** View 2, not acked: s1 primary at a, s2 its backup at b. */
function unacked(): ViewServer {
  const server = new ViewServer()
  server.ping('s1', 1, 'a', 0)
  server.ping('s1', 1, 'a', 1)
  expect(server.ping('s2', 1, 'b', 0)).toMatchObject({ viewnum: 2, backups: [{ name: 's2', incarnation: 1, address: 'b' }] })
  return server
}

describe('a backup that restarts elsewhere within an unacked view', () => {
  it('is told to the primary where it is now, as the member that the view names', () => {
    const server = unacked()
    server.ping('s2', 2, 'c', 0)
    expect(server.ping('s1', 1, 'a', 1)).toMatchObject({ viewnum: 2, backups: [{ name: 's2', incarnation: 1, address: 'c' }] })
    expect(server.query().current.backups[0]?.address).toBe('c')
  })

  it('counts in its new life, there, once the primary has initialised it', () => {
    const server = unacked()
    server.ping('s2', 2, 'c', 0)
    const view = server.ping('s1', 1, 'a', 2, [{ name: 's2', incarnation: 2 }])
    expect([view.viewnum, view.backups[0]?.address]).toEqual([2, 'c'])
    expect(server.query().acked).toMatchObject({ viewnum: 2, backups: [{ address: 'c' }] })
  })

  it('is where it was, as long as nobody has heard of it elsewhere', () => {
    const server = unacked()
    expect(server.ping('s1', 1, 'a', 1).backups[0]?.address).toBe('b')
  })
})
