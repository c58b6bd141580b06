// `npm run node-versions [-- VERSION... SUITE...]`: runs the unit tests, the process tests and the browser smoke test on each supported Node.
// npm's package `node` provides the versions. A Node warning is a failure: a deprecated API is gone in a later version.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { installModules, requireNode, root, say } from './install.mjs'
import { withoutColours } from './suite-records.mjs'
import { findChromium } from './system.mjs'

const versions = ['20', '22', '24', '26']
const suites = {
  unit: ['vitest/vitest.mjs', 'run', '--project', 'unit'],
  processes: ['vitest/vitest.mjs', 'run', '--project', 'processes'],
  smoke: ['@playwright/test/cli.js', 'test', '--project=chromium', 'e2e/failover.spec.ts'],
}
const warning = /\b(?:Deprecation|Experimental)?Warning: .*|\[DEP\d{4}\].*/

requireNode()
const asked = process.argv.slice(2)
const unknown = asked.find((word) => !versions.includes(word) && !Object.hasOwn(suites, word))
if (unknown !== undefined) {
  say(`There is no Node version or suite ${JSON.stringify(unknown)}; there are ${[...versions, ...Object.keys(suites)].join(', ')}.`)
  process.exit(2)
}
const chosen = (of) => of.filter((word) => asked.includes(word)).length > 0 ? of.filter((word) => asked.includes(word)) : of
installModules()
buildIfStale()

/** The path of this Node's executable; undefined if npm cannot provide it. */
function nodeOf(version) {
  const { status, stdout } = spawnSync('npx', ['--yes', '--package', `node@${version}`, 'node', '-p', 'process.execPath'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 2], shell: process.platform === 'win32' })
  return status === 0 ? stdout.trim() : undefined
}

/** Runs a suite, shows its output, and resolves with the reason of failure; empty if it passed. */
function run(node, [program, ...parameters]) {
  const environment = { ...process.env, ...withoutColours(program), UNDERSTUDY_NODE: node }
  const child = spawn(node, [join(root, 'node_modules', program), ...parameters], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: environment })
  let warned = ''
  for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
    from.setEncoding('utf8').on('data', (text) => {
      to.write(text)
      warned ||= warning.exec(text)?.[0] ?? ''
    })
  }
  return new Promise((resolve) => child.once('close', (status) => resolve(status !== 0 ? 'FAILED' : warned === '' ? '' : `warned: ${warned}`)))
}

const lines = []
let hasFailed = false
for (const version of chosen(versions)) {
  const node = nodeOf(version)
  for (const suite of chosen(Object.keys(suites))) {
    const isMissing = suite === 'smoke' && !findChromium()
    say(`== Node ${version}, ${suite}`)
    const bad = node === undefined ? 'not run, npm could not bring it' : isMissing ? 'not run, there is no Chromium' : await run(node, suites[suite])
    // With CI set, a suite that could not run counts as failed.
    if (bad !== '' && (!bad.startsWith('not run') || process.env.CI)) hasFailed = true
    lines.push(`Node ${version.padEnd(3)} ${suite.padEnd(10)} ${bad === '' ? 'passed' : bad}`)
  }
}
process.stdout.write(`\n${lines.join('\n')}\n`)
process.exitCode = hasFailed ? 1 : 0
