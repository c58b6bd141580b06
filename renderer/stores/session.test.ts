import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { createPortPair, connectLab, Refusal, serveLab, type LabHandlers } from '../../src/contract'
import { noStatus, useSessionStore } from './session'

function connected(handlers: Partial<LabHandlers>) {
  const [screen, lab] = createPortPair()
  serveLab(lab, handlers as LabHandlers)
  const session = useSessionStore()
  session.lab = connectLab(screen)
  session.connection = 'open'
  return session
}

describe('the session store', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('says what a command did', async () => {
    const session = connected({ act: () => ({ operationId: 0 }) })
    await session.kill('s1')
    expect([session.said.text, session.said.kind, session.refusal]).toEqual(['s1 was killed (SIGKILL).', 'done', ''])
  })

  it('says why a command was refused, in the words of the lab', async () => {
    const session = connected({ act: () => { throw new Refusal('s1 is already dead.') } })
    await session.kill('s1')
    expect([session.said.text, session.said.kind, session.refusal]).toEqual(['s1 is already dead.', 'refused', 's1 is already dead.'])
  })

  it('tells the same sentence twice', () => {
    const session = useSessionStore()
    session.say('Saved.')
    const { key } = session.said
    session.say('Saved.')
    expect(session.said.key).toBeGreaterThan(key)
  })

  it('says why nothing live can be done now', () => {
    const session = useSessionStore()
    session.connection = 'reconnecting'
    expect(session.liveProblem).toBe('Reconnecting to the lab.')
    session.connection = 'open'
    session.status = { ...noStatus, kind: 'recorded' }
    expect([session.liveProblem, session.commandProblem]).toEqual(['This is a recording: it is read-only. Branch here (B) to act.', ''])
    session.status = { ...noStatus, kind: 'live' }
    expect(session.liveProblem).toBe('')
  })
})
