// The notices that the window must show, computed from the connection and the session's status. Pure.
import type { Gives, SessionStatus } from '../../src/contract'
import { watchingSentence, type Connection } from '../stores/session'

export interface Notice {
  readonly name: 'connection' | 'watching' | 'recording' | 'ended'
  readonly text: string
  /** The notice interrupts a screen reader. */
  readonly urgent: boolean
  readonly acts: readonly ('save' | 'new-cluster')[]
}

export function noticesOf(connection: Connection, connectionProblem: string, status: SessionStatus, about: Pick<Gives<'hello'>, 'lab' | 'readOnly'> | null = null): Notice[] {
  const notices: Notice[] = []
  if (connection === 'reconnecting') {
    notices.push({ name: 'connection', text: 'The connection to the lab is lost. Trying again; what is shown here stays.', urgent: true, acts: [] })
  } else if (connection === 'refused' && status.kind !== 'none') {
    notices.push({ name: 'connection', text: connectionProblem, urgent: true, acts: [] })
  }
  if (about?.readOnly === true) notices.push({ name: 'watching', text: watchingSentence(about.lab), urgent: false, acts: [] })
  const problem = status.recording?.problem ?? ''
  if (problem !== '') {
    notices.push({ name: 'recording', text: problem, urgent: status.kind === 'live', acts: status.kind === 'live' ? ['save'] : [] })
  }
  if (status.kind === 'ended') {
    notices.push({ name: 'ended', text: status.reason || 'The session has ended. Its recording is kept.', urgent: status.reason !== '', acts: ['save', 'new-cluster'] })
  }
  return notices
}
