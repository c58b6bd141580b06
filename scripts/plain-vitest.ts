// A vitest reporter that prints the closing line of a unit or process run: `unit: 214 passed, 0 failed, 0 skipped`.
// A file that fails to load counts as failed.
import { relative } from 'node:path'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { writeFailures, writeTimes } from './suite-records.mjs'

const fileOf = (module: TestModule): string => relative(process.cwd(), module.moduleId)

/** A test that ran again after a stall has the errors of all its runs: the one that counts is of the last run. */
function reasonOf(errors: readonly { readonly message: string }[]): string {
  return (errors.find(({ message }) => !message.startsWith('This machine stalled')) ?? errors[0])?.message ?? ''
}

/** Vitest passes errors that have crossed a thread, so they are objects of no class. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
}

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
        const { state, errors } = test.result()
        count[state]++
        if (state !== 'failed') continue
        failedTests++
        writeFailures(this.#suite, [{ test: `${fileOf(module)} ${test.fullName}`, why: reasonOf(errors ?? []) }])
      }
      if (module.state() !== 'failed' || failedTests > 0) continue
      count.failed++
      writeFailures(this.#suite, [{ test: fileOf(module), why: module.errors()[0]?.message ?? 'It could not be loaded.' }])
    }
    writeFailures(this.#suite, unhandled.map((error) => ({ test: 'an error that no test caught', why: messageOf(error) })))
    writeTimes(this.#suite, modules.map((module) => ({ file: fileOf(module), seconds: module.diagnostic().duration / 1000 })))
    console.log(`${this.#suite}: ${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`)
    if (reason !== 'passed') console.log(`run ended: ${reason}`)
  }
}
