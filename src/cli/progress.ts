// Reports the progress of a run on standard error: a bar on a terminal, otherwise one line for each scenario.
import type { ReportedScenario } from '../scenario'
import { visible } from '../trace'

const barWidth = 24

export class Progress {
  readonly #total: number
  readonly #out: NodeJS.WriteStream
  #finished = 0
  #failed = 0

  constructor(total: number, out: NodeJS.WriteStream) {
    this.#total = total
    this.#out = out
    if (out.isTTY) this.#draw('')
  }

  finished(title: string, { state, seconds, reason }: ReportedScenario): void {
    this.#finished++
    const [shownTitle, shownReason] = [visible(title), visible(reason)]
    if (state === 'failed') this.#failed++
    if (!this.#out.isTTY) {
      this.#out.write(`${String(this.#finished).padStart(String(this.#total).length)}/${this.#total} ${state === 'passed' ? 'ok' : state} ${shownTitle} (${seconds.toFixed(1)} s)${reason ? `: ${shownReason}` : ''}\n`)
      return
    }
    if (state === 'failed') this.#out.write(`\r\x1b[2KFAIL ${shownTitle}: ${shownReason}\n`)
    this.#draw(shownTitle)
  }

  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[2K')
  }

  #draw(title: string): void {
    const full = Math.round(this.#finished / this.#total * barWidth)
    const line = `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${this.#finished}/${this.#total}${this.#failed > 0 ? `, ${this.#failed} failed` : ''}  ${title}`
    this.#out.write(`\r\x1b[2K${line.slice(0, Math.max(20, (this.#out.columns ?? 80) - 1))}`)
  }
}
