// `npm test`: installs what is missing, then runs every test and says in one line for each suite how it went.
// With CI set a suite that could not run is a failed run, and the long runs are long (a minute of standing still, a million events, every
// scenario on processes); elsewhere what could not run is told, and the same tests take what a person waits for. UNDERSTUDY_LONG=1 is as CI.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { electronEnvironment, findElectron, hasDisplay } from './electron.mjs'
import { installModules, requireNode, root, say } from './install.mjs'
import { prepareSystem, startXvfb } from './system.mjs'

requireNode()
const isCi = Boolean(process.env.CI)
if (isCi) process.env.UNDERSTUDY_LONG ??= '1'
installModules()
const runtime = findElectron()
const missing = prepareSystem({ wantsElectron: Boolean(runtime), hasDisplay: hasDisplay() })
buildIfStale()

const closing = []
let hasFailed = false

/** Runs one suite, shows what it prints, and keeps its closing line. */
function run(name, program, parameters, environment = process.env) {
  say(`\n== ${name}`)
  const began = Date.now()
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'node_modules', program), ...parameters], {
    cwd: root, stdio: ['ignore', 'pipe', 2], env: { ...environment, NO_COLOR: '1' }, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024,
  })
  process.stdout.write(stdout ?? '')
  const line = (stdout ?? '').split('\n').findLast((text) => /^[\w-]+: \d+ passed, \d+ failed/.test(text))
  if (line) closing.push(line)
  if (status !== 0) {
    hasFailed = true
    if (!line) closing.push(`${name}: failed`)
  }
  say(`== ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - began) / 1000)} s`)
}

function cannotRun(name, why) {
  say(`\n== ${name} cannot run here: ${why}`)
  closing.push(isCi ? `${name}: 0 passed, 1 failed, 0 skipped` : `${name}: not run, ${why}`)
  if (isCi) hasFailed = true
}

run('types', 'vue-tsc/bin/vue-tsc.js', ['--build'])
run('lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0'])
run('unit', 'vitest/vitest.mjs', ['run', '--project', 'unit'])
run('processes', 'vitest/vitest.mjs', ['run', '--project', 'processes'])

if (missing.includes('Chromium')) cannotRun('e2e-chromium', 'there is no Chromium (set CHROMIUM to one)')
else run('e2e-chromium', '@playwright/test/cli.js', ['test', '--project', 'chromium'])

if (!runtime) cannotRun('e2e-electron', 'the Electron runtime is not here (npm start downloads it; or set ELECTRON_OVERRIDE_DIST_PATH)')
else if (missing.includes('Xvfb')) cannotRun('e2e-electron', 'there is no display and no Xvfb')
else {
  const xvfb = hasDisplay() ? undefined : await startXvfb()
  try {
    run('e2e-electron', '@playwright/test/cli.js', ['test', '--project', 'electron'], { ...electronEnvironment(), ...(xvfb ? { DISPLAY: xvfb.display } : {}) })
  } finally {
    xvfb?.stop()
  }
}

process.stdout.write(`\n${closing.join('\n')}\n`)
process.exitCode = hasFailed ? 1 : 0
