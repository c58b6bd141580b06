// Which standing sentences the window owes a person, from the connection and the session's status. Pure.
import type { SessionStatus } from '../../src/contract'
import type { Connection } from '../stores/session'

export interface Notice {
  readonly name: 'connection' | 'recording' | 'ended'
  readonly text: string
  /** Interrupts a screen reader. */
  readonly urgent: boolean
  readonly acts: readonly ('save' | 'new-cluster')[]
}

export function noticesOf(connection: Connection, connectionProblem: string, status: SessionStatus): Notice[] {
  const notices: Notice[] = []
  if (connection === 'reconnecting') {
    notices.push({ name: 'connection', text: 'The connection to the lab is lost. Trying again; what is shown here stays.', urgent: true, acts: [] })
  } else if (connection === 'refused' && status.kind !== 'none') {
    notices.push({ name: 'connection', text: connectionProblem, urgent: true, acts: [] })
  }
  const problem = status.recording?.problem ?? ''
  if (problem !== '') {
    notices.push({ name: 'recording', text: problem, urgent: status.kind === 'live', acts: status.kind === 'live' ? ['save'] : [] })
  }
  if (status.kind === 'ended') {
    notices.push({ name: 'ended', text: status.reason || 'The session has ended. Its recording is kept.', urgent: status.reason !== '', acts: ['save', 'new-cluster'] })
  }
  return notices
}
