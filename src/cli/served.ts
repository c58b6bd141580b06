// What `serve` has started: one lab or a class. It must contain no behaviour.
import type { startWebHost, WebHost } from '../lab'

export interface Served {
  readonly host: WebHost
  /** For standard output. */
  readonly lines: readonly string[]
  /** The address for a browser. */
  readonly url: string
  /** Logged when a signal ends it. */
  readonly ending: string
  /** Ends every lab. */
  close(): Promise<void>
}

/** Options that every web host of this command gets. */
export type HostFacts = Pick<Parameters<typeof startWebHost>[0], 'rendererFolder' | 'listening' | 'log'>
