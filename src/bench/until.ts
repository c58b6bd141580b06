// Polls for a state of another process that sends no notification.
import { setTimeout as pause } from 'node:timers/promises'

const lookAgainMs = 20
/** Time limit for an expected state. */
const patienceMs = 20_000

/** Resolves with the first answer that is not undefined; a call that throws counts as undefined. Rejects after 20 s. */
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
