// The interface of any session, running or opened from a file. All calls of a screen go through it.
// It must hold no behaviour of one kind: that is live-session.ts and recorded-session.ts.
import type { SessionStatus } from '../contract'
import type { ClusterAct, Performed } from '../trace'
import type { EventLog } from './event-log'
import type { SessionHealth } from './session-health'

/** The part of a status that a session knows; the lab adds its number. */
export type SessionView = Omit<SessionStatus, 'session'>

/** Every act rejects with one sentence if it is refused. */
export interface Session {
  readonly log: EventLog
  view(): SessionView
  perform(act: ClusterAct): Promise<Performed>
  steerScenario(act: 'pause' | 'resume' | 'step' | 'stop'): Promise<void>
  /** Null if the rules are not watched here. */
  health(): SessionHealth | null
  /** The sources for an export of this session. */
  recording(): RecordingSource
  /** Ends the session with this reason; its recording stays readable. A second call does nothing. */
  end(reason: string): Promise<void>
  /** Ends the session at once, even if something hangs; unwritten parts of its recording are lost. */
  abandon(reason: string): void
  /** To be called when the session will not be shown again: removes its private files. */
  dispose(): Promise<void>
}

export interface RecordingSource {
  /** The suggested file name, ending in `.jsonl`. */
  readonly name: string
  /** The header line, without its line feed. */
  readonly header: string
  /** A file with the header line and the first `events` complete events, `bytes` in all; null if there is none. The log has the rest. */
  readonly file: { readonly path: string; readonly bytes: number; readonly events: number } | null
}
