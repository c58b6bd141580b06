// Prints the closing line of a run: `e2e-electron: 12 passed, 0 failed, 0 skipped`. A flaky test counts as failed; there are no retries.
import type { FullResult, Reporter, Suite } from '@playwright/test/reporter'

export default class PlainReporter implements Reporter {
  #root: Suite | undefined

  onBegin(_config: unknown, root: Suite): void {
    this.#root = root
  }

  onEnd({ status }: FullResult): void {
    const count = { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }
    for (const test of this.#root?.allTests() ?? []) count[test.outcome()]++
    const hosts = (this.#root?.suites ?? []).map((suite) => suite.title).join('+')
    console.log(`\ne2e-${hosts}: ${count.expected} passed, ${count.unexpected + count.flaky} failed, ${count.skipped} skipped`)
    if (status !== 'passed') console.log(`run ended: ${status}`)
  }

  printsToStdio(): boolean {
    return false
  }
}
