// `npm test`: installs what is missing, runs every test, and prints at its end the longest files, each failed test with its reason, and one line for each suite.
// One suite more than there are cores runs at a time, as suites mostly wait. None depends on an idle machine.
// With CI set, a suite that could not run counts as failed, and the long tests run in full: a minute frozen, a million events, every scenario on
// processes. Otherwise such a suite is only reported, and the long tests are short. UNDERSTUDY_LONG=1 runs them in full too.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { electronEnvironment, findElectron, hasDisplay } from './electron.mjs'
import { installModules, requireNode, root, say } from './install.mjs'
import { failureLines, slowestLines, withoutColours } from './suite-records.mjs'
import { prepareSystem, startXvfb } from './system.mjs'

requireNode()
const isCi = Boolean(process.env.CI)
if (isCi) process.env.UNDERSTUDY_LONG ??= '1'
installModules()
const runtime = findElectron()
const missing = prepareSystem({ wantsElectron: Boolean(runtime), hasDisplay: hasDisplay() })
buildIfStale()

const folder = mkdtempSync(join(tmpdir(), 'understudy-test-records-'))
const records = join(folder, 'records.jsonl')
const began = Date.now()
const secondsSince = (moment) => Math.round((Date.now() - moment) / 1000)
/** The closing line and duration of each suite, in the order of the list below. */
const closing = new Map()
let hasFailed = false

/** Runs one suite and prints its output at its end: the output of two suites at once cannot be read. */
function run(name, program, parameters, environment = process.env) {
  say(`== ${name} begins`)
  const begins = Date.now()
  const child = spawn(process.execPath, [join(root, 'node_modules', program), ...parameters], {
    cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment, ...withoutColours(program), UNDERSTUDY_TEST_RECORDS: records },
  })
  const printed = []
  child.stdout.on('data', (data) => printed.push(data))
  child.stderr.on('data', (data) => printed.push(data))
  return new Promise((resolve) => child.once('close', (status) => {
    const text = Buffer.concat(printed).toString()
    const seconds = secondsSince(begins)
    process.stdout.write(`\n== ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n${text}`)
    const line = text.split('\n').findLast((candidate) => /^[\w-]+: \d+ passed, \d+ failed/.test(candidate))
    if (status !== 0) hasFailed = true
    closing.set(name, { line: line ?? (status === 0 ? '' : `${name}: failed`), seconds })
    resolve()
  }))
}

function cannotRun(name, why) {
  say(`== ${name} cannot run here: ${why}`)
  closing.set(name, { line: isCi ? `${name}: 0 passed, 1 failed, 0 skipped` : `${name}: not run, ${why}`, seconds: 0 })
  if (isCi) hasFailed = true
}

async function runElectron() {
  if (!runtime) return cannotRun('e2e-electron', 'the Electron runtime is not here (npm start downloads it; or set ELECTRON_OVERRIDE_DIST_PATH)')
  if (missing.includes('Xvfb')) return cannotRun('e2e-electron', 'there is no display and no Xvfb')
  const xvfb = hasDisplay() ? undefined : await startXvfb()
  try {
    // A separate output folder, as Playwright empties it at the start.
    const parameters = ['test', '--project', 'electron', '--output', '.out/e2e-electron']
    await run('e2e-electron', '@playwright/test/cli.js', parameters, { ...electronEnvironment(), ...(xvfb ? { DISPLAY: xvfb.display } : {}) })
  } finally {
    xvfb?.stop()
  }
}

function runChromium() {
  if (missing.includes('Chromium')) return cannotRun('e2e-chromium', 'there is no Chromium (set CHROMIUM to one)')
  return run('e2e-chromium', '@playwright/test/cli.js', ['test', '--project', 'chromium'])
}

function runFirefox() {
  if (missing.includes('Firefox')) return cannotRun('firefox', 'there is no Firefox (set FIREFOX to one)')
  return run('firefox', 'vitest/vitest.mjs', ['run', '--project', 'firefox'])
}

/** The suites that fail fastest come first. The two that wait most come last and run in parallel. */
const suites = [
  ['types', 'lint', 'style', async () => {
    await run('types', 'vue-tsc/bin/vue-tsc.js', ['--build'])
    // Lint reads the declarations that the type check writes, so it must not run in parallel.
    await run('lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0'])
    await run('style', 'eslint/bin/eslint.js', ['--config', 'eslint.style.js', '**/*.{js,mjs}'])
  }],
  ['unit', () => run('unit', 'vitest/vitest.mjs', ['run', '--project', 'unit'])],
  ['processes', () => run('processes', 'vitest/vitest.mjs', ['run', '--project', 'processes'])],
  ['e2e-chromium', runChromium],
  ['e2e-electron', runElectron],
  ['firefox', runFirefox],
]
const names = suites.flatMap((suite) => suite.slice(0, -1))

/** Runs one suite after another until none is left. */
async function work(waiting) {
  for (let next = waiting.shift(); next; next = waiting.shift()) await next.at(-1)()
}

const waiting = [...suites]
await Promise.all(Array.from({ length: availableParallelism() + 1 }, () => work(waiting)))

const table = names.map((name) => `  ${String(closing.get(name)?.seconds ?? 0).padStart(5)} s    ${name}`)
process.stdout.write(`\nAll suites in ${secondsSince(began)} s, ${availableParallelism() + 1} at a time:\n${table.join('\n')}\nThe slowest files:\n${slowestLines(records).join('\n')}\n`)
const failures = failureLines(records)
if (failures.length > 0) process.stdout.write(`\nWhat failed:\n${failures.join('\n')}\n`)
process.stdout.write(`\n${names.map((name) => closing.get(name)?.line ?? '').filter(Boolean).join('\n')}\n`)
rmSync(folder, { recursive: true, force: true })
process.exitCode = hasFailed ? 1 : 0
