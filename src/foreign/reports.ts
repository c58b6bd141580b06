// What a program tells of itself, as the reports of the trace: its role, its state, what it installed, how an operation ended. A report is never an
// input of another node. It must never accept what a recording would refuse.
import type { JsonObject } from '../protocol'
import type { ToldReport } from '../trace'
import { LineProblem, recordable, type Speaker } from './speaker'
import { withMembers } from './words'

/** By the word on the line: the report's fields, from the body's. */
const words: Readonly<Record<string, (body: JsonObject) => object>> = {
  role: ({ role, viewnum = 0, serving = false }) => ({ type: 'role-changed', role, viewnum, serving }),
  transfer_installed: ({ from, viewnum = 0, executed = 0, keys = 0 }) => ({ type: 'transfer-installed', from, viewnum, executed, keys }),
  view_changed: ({ view = null, cause = { type: 'change', left: [], promoted: '', joined: [] } }) => ({ type: 'view-changed', view: withMembers(view), cause }),
  stuck: ({ stuck = null }) => ({ type: 'stuck', stuck }),
  view_acked: ({ view = null }) => ({ type: 'view-acked', view: withMembers(view) }),
  started: ({ id, client_id: clientId, request_id: requestId }) => ({ type: 'operation-started', operationId: id, clientId, requestId }),
  returned: ({ id, tries = 1, outcome = 'ok', ...how }) => ({ type: 'operation-returned', operationId: id, outcome: outcomeOf(outcome, how), tries }),
  state: ({ state }) => ({ type: 'state-told', state }),
  note: ({ text }) => ({ type: 'note', text }),
}

/** Undefined for a word that no report has. Throws a LineProblem. */
export function readReport(word: string, body: JsonObject, speaker: Speaker): ToldReport | undefined {
  if (!Object.hasOwn(words, word)) return undefined
  const report = words[word]?.(body) ?? {}
  const { name: node, incarnation } = speaker
  const problem = recordable({ ...report, node, incarnation, step: 0 }, speaker)
  if (problem !== undefined) throw new LineProblem(`its ${word} cannot be used: ${problem}`)
  return report as ToldReport
}

/** What an answer says of views and sequence numbers may be left out. */
function outcomeOf(type: JsonObject[string], how: JsonObject): object {
  const { result = { type: 'done' }, by = '', viewnum = 0, seq = 0, replayed = false, executed_viewnum: executedViewnum = viewnum, reason = 'timeout' } = how
  switch (type) {
    case 'ok': return { type, result, by, viewnum, seq, replayed, executedViewnum }
    case 'failed': return { type, reason, by }
    default: return { type, reason }
  }
}
