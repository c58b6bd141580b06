// Workloads whose answers are judged one by one: echo, and unique ids.
import type { Json } from '../../protocol'
import { Errors, isAnswered, shown, type Asked, type WorkloadVerdict } from './asked'

/** Every answer has what was sent. */
export function judgeEcho(asked: readonly Asked[]): WorkloadVerdict {
  const errors = new Errors()
  const answered = asked.filter(({ kind, outcome }) => kind === 'echo' && outcome === 'ok')
  for (const one of answered) {
    if (!isAnswered(one, 'echo_ok', errors)) continue
    const { body, answer, client, target, seq, returnedSeq } = one
    if (JSON.stringify(answer['echo']) !== JSON.stringify(body['echo'])) errors.add(`${client} sent ${shown(body['echo'])} to ${target}, and ${shown(answer['echo'])} came back`, [seq, returnedSeq])
  }
  return errors.verdict(`${answered.length} echoes came back as they were sent`, answered.length)
}

/** No id is given twice. */
export function judgeUniqueIds(asked: readonly Asked[]): WorkloadVerdict {
  const errors = new Errors()
  const answered = asked.filter(({ kind, outcome }) => kind === 'generate' && outcome === 'ok')
  const first = new Map<string, Asked>()
  for (const one of answered) {
    if (!isAnswered(one, 'generate_ok', errors)) continue
    const id: Json | undefined = one.answer['id']
    if (id === undefined || id === null) {
      errors.add(`${one.target} answered ${one.client} without an id`, [one.seq, one.returnedSeq])
      continue
    }
    const key = JSON.stringify(id)
    const before = first.get(key)
    if (before) errors.add(`the id ${shown(id)} was given twice: by ${before.target} to ${before.client}, and by ${one.target} to ${one.client}`, [before.seq, before.returnedSeq, one.seq, one.returnedSeq])
    else first.set(key, one)
  }
  return errors.verdict(`${first.size} ids, and no two of them are equal`, answered.length)
}
