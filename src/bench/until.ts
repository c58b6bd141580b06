// Waiting for what another process does, where nothing tells us when it is done.
import { setTimeout as pause } from 'node:timers/promises'

const lookAgainMs = 20
/** A fact that has not come by then will not come. */
const patienceMs = 20_000

/** Resolves with the first answer that is not undefined; a look that throws counts as none. Rejects after 20 s. */
export async function until<Answer>(what: string, look: () => Promise<Answer | undefined>): Promise<Answer> {
  let problem = ''
  for (const end = performance.now() + patienceMs; performance.now() < end; await pause(lookAgainMs)) {
    try {
      const answer = await look()
      if (answer !== undefined) return answer
    } catch (error) {
      problem = error instanceof Error ? `: ${error.message}` : ''
    }
  }
  throw new Error(`${what} did not come${problem}`)
}
