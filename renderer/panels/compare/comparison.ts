// Compares the session with a file or with the recording that it branched from: the progress and the result. It ends with the session.
// It must never block the window: workers read and align both sides.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { headerDifferences, type Alignment, type HeaderDifference, type Digests } from '../../../src/check'
import type { TraceHeader } from '../../../src/trace'
import { countText } from '../../words/figures'
import { useWorkbench } from '../../stores/workbench'
import { useLayoutStore } from '../../stores/layout'
import { pageLimits } from '../../stores/session-events'
import { useSessionStore } from '../../stores/session'
import { useTraceStore } from '../../stores/trace'
import { startWorker } from '../../replay/workers'
import { CompareRows, differenceAt } from './compare-rows'
import { aligned, OtherRecording, digestsOfLines, readOther, type DigestsWorker } from './side'

/** The other side of the comparison. */
type Source = { readonly type: 'file'; readonly file: File } | { readonly type: 'parent' }

export interface Compared {
  readonly other: OtherRecording
  readonly alignment: Alignment
  readonly headers: readonly HeaderDifference[]
  /** Number of events of the session that were compared. */
  readonly events: number
  /** A sentence about the end of the other recording (if it is cut off), or ''. */
  readonly note: string
}

// eslint-disable-next-line max-lines-per-function -- a store is one closure over what is compared; its functions are small
export const useComparison = defineStore('comparison', () => {
  const trace = useTraceStore()
  const session = useSessionStore()
  const layout = useLayoutStore()
  const workbench = useWorkbench()
  const source = shallowRef<Source | null>(null)
  const compared = shallowRef<Compared | null>(null)
  /** Progress from 0 to 1; null while nothing is read. */
  const share = ref<number | null>(null)
  /** Why there is no comparison; '' if there is one, or none was asked for. */
  const problem = ref('')
  const withHeartbeats = ref(false)
  const isFolded = ref(true)
  /** The folds that a person opened, by their first row. */
  const opened = shallowRef<ReadonlySet<number>>(new Set())
  /** The chosen row, if only the other recording has it; -1: the cursor determines the current row. */
  const chosen = ref(-1)
  let run = 0
  let workers: DigestsWorker[] = []
  /** Both sides as read, kept to align them again when the heartbeats switch changes. */
  let sides: { readonly first: Digests; readonly other: OtherRecording; readonly note: string } | null = null

  const title = computed(() => source.value === null ? '' : source.value.type === 'file' ? source.value.file.name : parentTitle(trace.header))
  const rows = computed(() => compared.value === null ? null : new CompareRows(compared.value.alignment, isFolded.value, opened.value, compared.value.events))
  /** The current row: the chosen row of the other recording, else the row at the cursor. */
  const row = computed(() => chosen.value >= 0 ? chosen.value : rows.value?.rowOfFirst(trace.position) ?? -1)
  /** Number of events of the session since the comparison. */
  const more = computed(() => compared.value === null ? 0 : trace.latest - compared.value.events)

  function begin(next: Source): void {
    giveUp()
    layout.tab = workbench.single = 'compare'
    source.value = next
    void read(next)
  }

  async function read(from: Source): Promise<void> {
    const own = run
    const events = trace.latest
    const other = new OtherRecording()
    compared.value = null
    sides = null
    problem.value = ''
    share.value = 0
    try {
      if (events > pageLimits.events) throw new Error(`This session has ${countText(events)} events; up to ${countText(pageLimits.events)} can be compared here, any number by "lab compare" on the command line.`)
      const progress = shares((whole) => { if (own === run) share.value = whole })
      const note = from.type === 'file'
        ? await readOther(worker(), from.file, other, pageLimits.events, progress.of(0))
        : await readParent(other, progress.of(0))
      const first = await digestsOfLines(worker(), events, trace.readText, (done) => progress.of(1)(done / Math.max(1, events)))
      if (own !== run) return
      sides = { first, other, note }
      await putTogether(own, events)
    } catch (error) {
      if (own === run) fail(error instanceof Error ? error.message : String(error))
    }
  }

  /** Reads the parent's events from the lab, as the session's own are read. */
  async function readParent(other: OtherRecording, progress: (share: number) => void): Promise<string> {
    const lab = session.lab
    if (lab === null) throw new Error('There is no connection to the lab to ask for events.')
    const asked = { session: trace.session }
    const { latest, header } = await lab.call('readParent', { ...asked, from: 1, count: 1 })
    if (latest > pageLimits.events) throw new Error(`The recording that it branched from has ${countText(latest)} events; up to ${countText(pageLimits.events)} can be compared here.`)
    other.header = JSON.parse(header) as TraceHeader
    other.digests = await digestsOfLines(worker(), latest, async (from, count) => {
      const lines = await lab.call('readParent', { ...asked, from, count })
      other.add(lines.text)
      return lines
    }, (done) => progress(done / latest))
    return ''
  }

  async function putTogether(own: number, events: number): Promise<void> {
    const read = sides
    if (!read?.other.digests) return
    const alignment = await aligned(worker(), read.first, read.other.digests, withHeartbeats.value)
    if (own !== run) return
    const headers = trace.header === null || read.other.header === null ? [] : headerDifferences(trace.header, read.other.header)
    compared.value = { other: read.other, alignment, headers, events, note: read.note }
    opened.value = new Set()
    chosen.value = -1
    endWork()
    const first = alignment.differences[0]
    if (first === undefined) session.say(`The session and ${title.value} are alike.`)
    else go(first)
  }

  function fail(text: string): void {
    endWork()
    problem.value = `${title.value}: ${text}`.replace(/^(.*?): \1/, '$1')
  }

  function worker(): DigestsWorker {
    const started = startWorker('digests') as unknown as DigestsWorker
    workers.push(started)
    return started
  }

  function endWork(): void {
    for (const each of workers) each.terminate()
    workers = []
    share.value = null
  }

  /** Drops the comparison, and cancels one that is being read. */
  function giveUp(): void {
    run++
    endWork()
    source.value = null
    compared.value = null
    sides = null
    problem.value = ''
  }

  /** Compares with the same source again, including the events since then. */
  function again(): void {
    if (source.value !== null) begin(source.value)
  }

  /** Makes a row of the alignment current: the cursor goes to its event in the session, or to the last session event before it. */
  function go(next: number): void {
    const alignment = compared.value?.alignment
    if (alignment === undefined || next < 0 || next >= alignment.first.length) return
    const own = alignment.first[next] as number
    let before = next
    while (before > 0 && alignment.first[before] === 0) before--
    trace.select({ type: 'event', seq: Math.max(1, alignment.first[before] as number) })
    chosen.value = own === 0 ? next : -1
  }

  /** Goes to the next or previous difference; reports if there is none. */
  function step(by: 1 | -1): void {
    const alignment = compared.value?.alignment
    if (alignment === undefined) return session.say(source.value === null ? 'Nothing is compared.' : 'The comparison is not there yet.', 'refused')
    const at = differenceAt(alignment, row.value)
    const isOn = at > 0 && alignment.differences[at - 1] === row.value
    const next = alignment.differences[by === 1 ? at : isOn ? at - 2 : at - 1]
    if (next === undefined) return session.say(by === 1 ? 'They do not differ after this.' : 'They do not differ before this.', 'refused')
    go(next)
  }

  function openFold(first: number): void {
    opened.value = new Set([...opened.value, first])
  }

  watch(() => trace.position, () => { chosen.value = -1 }, { flush: 'sync' })
  watch(() => trace.session, giveUp, { flush: 'sync' })
  watch(withHeartbeats, () => {
    if (compared.value === null) return
    share.value = 1
    void putTogether(run, compared.value.events).catch((error: unknown) => fail(String(error)))
  })

  /** Why the session cannot be compared with its parent; '' if it can. */
  const parentProblem = computed(() => trace.header === null ? 'There is no session.' : trace.header.parent === null ? 'This session is no branch of another.' : session.commandProblem)

  return {
    source, compared, share, problem, withHeartbeats, isFolded, title, rows, row, more, parentProblem,
    withFile: (file: File) => begin({ type: 'file', file }),
    withParent: () => begin({ type: 'parent' }),
    again, giveUp, go, step, openFold,
  }
})

function parentTitle(header: TraceHeader | null): string {
  return header?.parent ? `its parent ${header.parent.title || 'recording'}` : ''
}

/** Combines the progress of two readings into one number from 0 to 1. */
function shares(tell: (whole: number) => void): { of(index: 0 | 1): (share: number) => void } {
  const done = [0, 0]
  return {
    of: (index) => (share) => {
      done[index] = share
      tell(((done[0] as number) + (done[1] as number)) / 2)
    },
  }
}
