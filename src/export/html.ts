// A report as one self-contained HTML page: no script, no request, readable on paper. It must never write cluster text unescaped, and it
// says of each list what it leaves out.
import {
  counted, eventLine, grouped, operationText, outcomeText, viewCauseText, viewText,
  type TraceEvent, type TraceHeader, type ViewFacts,
} from '../trace'
import { createWriter, wholeRecording, type Exporter, type Format, type Scene } from './exporter'
import { SpaceTimeDiagram } from './html-diagram'
import { reportStyle } from './html-style'
import { escaped, utf8Length } from './html-text'
import { OpenOperations, type OverOperation } from './open-operations'
import { stateText } from './state-text'
import { secondsText } from './wording'

export const html: Exporter = {
  title: 'Report (HTML)',
  about: 'One page with summary, views, space-time diagram, operations, faults and violations, to be read anywhere without the lab.',
  extension: '.html',
  mimeType: 'text/html',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new HtmlFormat(scene)),
}

/** The most rows of each list of the page, and the most bytes: a report of any recording stays under 5 MB. */
export const listRowsMax = 2_000
const listBytesMax = 350_000
const operationBytesMax = 700_000

/** The first rows of a list, and how many there are in all. */
class FirstRows {
  readonly rows: string[] = []
  total = 0
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax = listBytesMax) {
    this.#bytesMax = bytesMax
  }

  add(row: string): void {
    this.total++
    // After the first omitted row all are omitted: a list with gaps would not be the first rows.
    if (this.total > this.rows.length + 1 || this.rows.length >= listRowsMax) return
    this.#bytes += utf8Length(row)
    if (this.#bytes <= this.#bytesMax) this.rows.push(row)
  }

  /** A sentence for the page on what is left out; empty if nothing is. */
  get limitText(): string {
    return this.total > this.rows.length ? `<p class="said">The first ${grouped(this.rows.length)} of ${grouped(this.total)}; export a shorter range for the others.</p>` : ''
  }
}

class HtmlFormat implements Format {
  readonly #scene: Scene
  readonly #diagram: SpaceTimeDiagram
  readonly #openOperations = new OpenOperations()
  readonly #operations = new FirstRows(operationBytesMax)
  readonly #outcomes = { ok: 0, failed: 0, unknown: 0, open: 0 }
  readonly #done = new FirstRows()
  readonly #violations = new FirstRows()
  readonly #remarks = new FirstRows()
  #began = ''
  #beganAt = 0
  #events = 0
  #messages = 0
  #lost = 0
  #firstView = 0

  constructor(scene: Scene) {
    this.#scene = scene
    this.#diagram = new SpaceTimeDiagram(scene)
  }

  get notes(): readonly string[] {
    return this.#diagram.notes
  }

  get told(): string {
    return `${counted(this.#diagram.rows, 'row')} of the diagram and ${counted(this.#operations.rows.length, 'operation')}`
  }

  before(event: TraceEvent): void {
    this.#openOperations.take(event)
    this.#diagram.before(event)
  }

  begin(): string {
    const { state } = this.#scene
    this.#began = stateText(state)
    this.#beganAt = state.at
    // The view that is current where the range begins belongs to it.
    this.#firstView = Math.max(0, state.views.length - 1)
    this.#diagram.begin()
    return ''
  }

  take(event: TraceEvent): string {
    this.#events++
    for (const over of this.#openOperations.take(event)) this.#operation(over)
    this.#diagram.take(event)
    switch (event.type) {
      case 'message-sent':
        this.#messages++
        break
      case 'message-dropped':
        this.#lost++
        break
      case 'violation':
        this.#violations.add(`<li><b>${escaped(event.rule)}</b> ${escaped(event.text)} <span class="quiet">event ${event.seq}; evidence: ${escaped(event.evidence.slice(0, 20).join(', '))}</span></li>`)
        break
      case 'stalled':
      case 'lab-note':
      case 'note':
      case 'stuck':
      case 'program-level':
      case 'line-refused':
      case 'program-said':
      case 'superseded':
        this.#remarks.add(this.#eventRow(event))
        break
      case 'node-started':
        if (event.incarnation > 1) this.#done.add(this.#eventRow(event))
        break
      default:
        if (doneTypes.has(event.type)) this.#done.add(this.#eventRow(event))
    }
    return ''
  }

  #operation(over: OverOperation): void {
    this.#outcomes[over.facts.outcome?.type ?? (over.hasClientDied ? 'unknown' : 'open')]++
    this.#operations.add(operationRow(over))
  }

  #eventRow(event: TraceEvent): string {
    const { process, kind, text } = eventLine(event, this.#scene.messages.sentOf)
    return `<tr><td>${secondsText(event.at)}</td><td>${escaped(process || 'lab')}</td><td>${escaped(kind)}</td><td>${escaped(text)}</td></tr>\n`
  }

  *end(note: string): Generator<string> {
    for (const facts of this.#openOperations.open) this.#operation({ facts, hasClientDied: false })
    const { header } = this.#scene
    const title = header.title || 'Recording'
    yield `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`
      + `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`
      + `<meta name="referrer" content="no-referrer"><title>${escaped(title)} - Understudy report</title><style>${reportStyle}</style></head><body><main>\n`
    yield this.#summary(title, note)
    yield this.#violationsText()
    yield this.#views()
    yield `<section class="diagram"><h2 id="diagram">Space-time diagram</h2>${this.#diagram.notes.map((text) => `<p class="said">${escaped(text)}</p>`).join('')}`
      + '<p class="legend">Arrows run from sending to taking. A cross: lost. Dashed: late or held, marked *. Thin: a copy. Rails: <span class="primary">primary</span>, <span class="backup">backup</span>, idle; dotted where no process lives, broken where it is paused. Point at anything to read it.</p><div class="scroll" tabindex="0" role="group" aria-labelledby="diagram">'
    yield* this.#diagram.svg()
    yield '</div></section>\n'
    yield section('Operations', 'No operation was invoked.', this.#operations, ['client', 'operation', 'invoked (s)', 'took (ms)', 'outcome', 'by', 'tries'])
    yield section('What was done to the cluster', 'Nothing was killed, paused, slowed or cut.', this.#done, ['at (s)', 'who', 'what', 'how'])
    yield section('Notes', 'Nothing was noted.', this.#remarks, ['at (s)', 'who', 'what', 'how'])
    yield this.#settings()
    yield* this.#log()
    yield '</main></body></html>\n'
  }

  #summary(title: string, note: string): string {
    const { header, state, range } = this.#scene
    const rows: [string, string][] = [
      ['source', sourceOf(header)],
      ['range', this.#events === 0 ? 'no event' : `${counted(this.#events, 'event')}, ${range.from > 1 ? `from event ${range.from}` : 'from the first'} to event ${state.seq}; ${secondsText(this.#beganAt)} s to ${secondsText(state.at)} s of cluster time`],
      ['at its begin', range.from > 1 ? this.#began : 'nothing had started'],
      ['at its end', stateText(state)],
      ['messages', `${grouped(this.#messages)} sent, ${grouped(this.#lost)} lost, ${grouped(this.#scene.messages.inFlightCount)} in flight at the end`],
      ['operations', `${grouped(this.#operations.total)}: ${Object.entries(this.#outcomes).map(([outcome, count]) => `${grouped(count)} ${outcome}`).join(', ')}`],
      ['violations', this.#violations.total === 0 ? 'none recorded' : grouped(this.#violations.total)],
    ]
    return `<h1>${escaped(title)}</h1>${note === '' ? '' : `<p class="said">${escaped(note)}</p>`}<table class="facts">${rows.map(([name, text]) => `<tr><th scope="row">${name}</th><td>${escaped(text)}</td></tr>`).join('')}</table>\n`
  }

  #violationsText(): string {
    if (this.#violations.total === 0) return ''
    return `<section><h2>Violations</h2>${this.#violations.limitText}<ul class="bad">${this.#violations.rows.join('')}</ul></section>\n`
  }

  #views(): string {
    const list = new FirstRows()
    for (const view of this.#scene.state.views.slice(this.#firstView)) {
      list.add(`<tr><td>${secondsText(view.at)}</td><td>${escaped(viewText(view.view))}</td><td>${ackText(view)}</td><td>${escaped(viewCauseText(view, this.#scene.state.header))}</td></tr>`)
    }
    return section('Views', 'The view server made none.', list, ['at (s)', 'view', 'acked', 'why'])
  }

  *#log(): Generator<string> {
    const { log } = this.#diagram
    yield `<section><details open><summary><h2>Log of the diagram, ${counted(log.length, 'row')}</h2></summary><table><thead><tr><th scope="col">event</th><th scope="col">at (s)</th><th scope="col">who</th><th scope="col">what</th></tr></thead><tbody>\n`
    for (const { seq, at, process, text } of log) yield `<tr><td>${seq}</td><td>${secondsText(at)}</td><td>${escaped(process || 'lab')}</td><td>${escaped(text)}</td></tr>\n`
    yield '</tbody></table></details></section>\n'
  }

  #settings(): string {
    const { settings, seed, protocolHash, nodes } = this.#scene.header
    const rows = [...Object.entries(settings).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') || 'none' : String(value)] as const), ['seed', seed], ['protocol', protocolHash || 'unknown'], ['nodes', nodes.map(({ name }) => name).join(', ')]] as const
    return `<section><h2>Settings</h2><table class="facts">${rows.map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join('')}</table></section>\n`
  }
}

const sourceText = { live: 'real processes', simulated: 'simulated, in virtual time', explored: 'a counterexample of the explorer', imported: 'another tool\'s history' } as const

/** Only recordings made by a real clock have a date. */
function sourceOf({ source, createdAt }: TraceHeader): string {
  return source === 'live' || source === 'imported' ? `${sourceText[source]}, ${createdAt}` : sourceText[source]
}

const doneTypes: ReadonlySet<TraceEvent['type']> = new Set([
  'node-killed', 'node-exited', 'node-failed', 'node-paused', 'node-resumed', 'fault-added', 'fault-switched', 'fault-removed', 'frozen', 'thawed',
  'scenario-step', 'workload-started', 'workload-stopped', 'break-added', 'break-removed', 'branched',
])

function section(heading: string, empty: string, list: FirstRows, columns: readonly string[]): string {
  const table = `<div class="scroll" tabindex="0" role="group" aria-label="${heading}"><table><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${list.rows.join('')}</tbody></table></div>`
  return `<section><h2>${heading}</h2>${list.limitText}${list.total === 0 ? `<p>${empty}</p>` : table}</section>\n`
}

function ackText({ ackedAt, at }: ViewFacts): string {
  return ackedAt < 0 ? 'not acked' : `after ${((ackedAt - at) / 1000).toFixed(1)} ms`
}

function operationRow({ facts: { client, operation, invokedAt, returnedAt, outcome, tries }, hasClientDied }: OverOperation): string {
  const state = outcome?.type ?? (hasClientDied ? 'unknown' : 'open')
  const ending = outcome ? outcomeText(outcome) : hasClientDied ? 'unknown: its client died' : 'open at the end'
  const cells = [client, operationText(operation), secondsText(invokedAt), outcome ? ((returnedAt - invokedAt) / 1000).toFixed(1) : '', ending, outcome && 'by' in outcome ? outcome.by : '', outcome ? String(tries) : '']
  return `<tr class="${escaped(state)}">${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>\n`
}
