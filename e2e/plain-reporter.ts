// Prints the closing line of a run: `e2e-electron: 12 passed, 0 failed, 0 skipped`.
// A flaky test counts as failed, unless it failed only because the machine stalled (stalled.ts).
import { relative } from 'node:path'
import type { FullResult, Reporter, Suite, TestCase, TestError, TestResult } from '@playwright/test/reporter'
import { writeFailures, writeTimes, type FailedTest } from '../scripts/suite-records.mjs'
import { stalledAnnotation } from './stalled'

export default class PlainReporter implements Reporter {
  #root: Suite | undefined

  onBegin(_config: unknown, root: Suite): void {
    this.#root = root
  }

  /** An error outside of any test: a spec that cannot be loaded. */
  onError({ message, value, location }: TestError): void {
    writeFailures('e2e', [{ test: location ? relative(process.cwd(), location.file) : 'an error outside of the specs', why: message ?? value ?? '' }])
  }

  onEnd({ status }: FullResult): void {
    const count = { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }
    const tests = this.#root?.allTests() ?? []
    const hosts = (this.#root?.suites ?? []).map((suite) => suite.title).join('+')
    for (const test of tests) {
      const outcome = failedByStallsAlone(test) ? 'expected' : test.outcome()
      count[outcome]++
      if (outcome === 'unexpected' || outcome === 'flaky') writeFailures(`e2e-${hosts}`, [failure(test)])
    }
    const seconds = new Map<string, number>()
    for (const { location, results } of tests) {
      const file = relative(process.cwd(), location.file)
      seconds.set(file, (seconds.get(file) ?? 0) + results.reduce((sum, { duration }) => sum + duration / 1000, 0))
    }
    writeTimes(`e2e-${hosts}`, [...seconds].map(([file, sum]) => ({ file, seconds: sum })))
    console.log(`\ne2e-${hosts}: ${count.expected} passed, ${count.unexpected + count.flaky} failed, ${count.skipped} skipped`)
    if (status !== 'passed') console.log(`run ended: ${status}`)
  }

  printsToStdio(): boolean {
    return false
  }
}

/** A failed test with its first error; one of a run during which the machine stalled only if there is no other. */
function failure(test: TestCase): FailedTest {
  const runs = [...test.results.filter((result) => !hasStalled(result)), ...test.results.filter(hasStalled)]
  const why = runs.flatMap(({ errors }) => errors).map(({ message, value }) => message ?? value).find((text) => text !== undefined)
  return { test: `${relative(process.cwd(), test.location.file)}:${test.location.line} ${test.title}`, why: why ?? 'It ended without an error of its own.' }
}

function failedByStallsAlone(test: TestCase): boolean {
  if (test.outcome() !== 'flaky') return false
  return test.results.filter(({ status }) => status !== 'passed').every(hasStalled)
}

function hasStalled({ annotations }: TestResult): boolean {
  return annotations.some(({ type }) => type === stalledAnnotation)
}
