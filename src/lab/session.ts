// What the lab can do with any session, running or opened from a file. Everything that is asked of a screen goes through this.
// It must hold no behaviour of one kind: that is live-session.ts and recorded-session.ts.
import type { OperationRequest, SessionStatus, Workload } from '../contract'
import type { NetworkAct } from '../network'
import type { NodeName } from '../protocol'
import type { EventLog } from './event-log'

/** The part of a status that a session knows; the lab adds its number. */
export type SessionView = Omit<SessionStatus, 'session'>

export interface OperationCall {
  readonly client: NodeName
  readonly operation: OperationRequest
  readonly target: NodeName | ''
}

/** Every act rejects with one sentence where it cannot be done. */
export interface Session {
  readonly log: EventLog
  view(): SessionView
  kill(node: NodeName): Promise<void>
  pause(node: NodeName): Promise<void>
  resume(node: NodeName): Promise<void>
  restart(node: NodeName): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  act(act: NetworkAct): Promise<void>
  steerScenario(act: 'pause' | 'resume' | 'step' | 'stop'): Promise<void>
  invoke(call: OperationCall): Promise<{ operationId: number }>
  startWorkload(workload: Workload): Promise<void>
  stopWorkload(): Promise<void>
  /** What an export of this session is made of. */
  recording(): RecordingSource
  /** Ends it with this reason; what it recorded stays and can still be read. Again: nothing happens. */
  end(reason: string): Promise<void>
  /** It will not be shown again: what only it needed is removed. */
  dispose(): Promise<void>
}

export interface RecordingSource {
  /** Suggested to a person who saves it, ending in `.jsonl`. */
  readonly name: string
  /** The header line, without its line feed. */
  readonly header: string
  /** A file that begins with the header line and `events` whole events, `bytes` in all; null if there is none. The log has the rest. */
  readonly file: { readonly path: string; readonly bytes: number; readonly events: number } | null
}
