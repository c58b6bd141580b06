// What the suites of `npm test` leave for its last lines: the durations of their files, and their failed tests with the reason.
// The reporters of vitest and Playwright write it, and `npm test` prints it, so that the end of its output says all that matters.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'

const textMax = 400

function write(records, path) {
  if (path) appendFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
}

function read(path) {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
}

/** The variables with which a suite prints no colours. Playwright prints none into a pipe, and sets FORCE_COLOR in its workers: Node warns if NO_COLOR is set too. */
export function withoutColours(program) {
  return program.startsWith('@playwright/') ? {} : { NO_COLOR: '1' }
}

/** Appends the durations of a suite to the file that `npm test` has named; does nothing without one. */
export function writeTimes(suite, files, path = process.env.UNDERSTUDY_TEST_RECORDS) {
  write(files.map(({ file, seconds }) => ({ suite, file, seconds })), path)
}

/** Appends the failed tests of a suite likewise. */
export function writeFailures(suite, tests, path = process.env.UNDERSTUDY_TEST_RECORDS) {
  write(tests.map(({ test, why }) => ({ suite, test, why })), path)
}

/** The longest test files, as lines of text. */
export function slowestLines(path, count = 10) {
  const times = read(path).filter(({ seconds }) => seconds !== undefined)
  const longest = times.sort((one, other) => other.seconds - one.seconds).slice(0, count)
  return longest.map(({ suite, file, seconds }) => `  ${seconds.toFixed(1).padStart(7)} s  ${file} (${suite})`)
}

/** The failed tests, each with the first lines of its reason, without colours. */
export function failureLines(path) {
  return read(path).filter(({ test }) => test !== undefined).flatMap(({ suite, test, why }) => {
    const plain = why.replace(/\u001B\[[\d;]*m/g, '').trim().slice(0, textMax)
    return [`  ${test} (${suite})`, ...plain.split('\n').filter((line) => line.trim() !== '').map((line) => `      ${line.trim()}`)]
  })
}
