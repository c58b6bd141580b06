// Prints the closing line of a unit or process run: `unit: 214 passed, 0 failed, 0 skipped`. A file that fails to load counts as failed.
import type { Reporter, TestModule, Vitest } from 'vitest/node'

export default class PlainReporter implements Reporter {
  #suite = 'unit'

  onInit(vitest: Vitest): void {
    this.#suite = vitest.projects.map((project) => project.name).join('+') || 'unit'
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: string): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      let failedTests = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        count[state]++
        if (state === 'failed') failedTests++
      }
      if (module.state() === 'failed' && failedTests === 0) count.failed++
    }
    console.log(`${this.#suite}: ${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`)
    if (reason !== 'passed') console.log(`run ended: ${reason}`)
  }
}
