// The watch on npm: after npm is killed, the program that it started is notified.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './install.mjs'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-starter-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const probe = `
  import { watchStarter } from ${JSON.stringify(pathToFileURL(join(root, 'scripts/starter.mjs')).href)}
  const life = setInterval(() => undefined, 1000)
  watchStarter(() => { clearInterval(life); console.log('gone') })
  console.log(process.pid)
`

test.each([['SIGKILL', 'node probe.mjs'], ['SIGTERM', 'node probe.mjs'], ['SIGKILL', 'node probe.mjs; true']] as const)('npm that ends by %s while it runs "%s" is missed', async (signal, script) => {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: script } }))
  writeFileSync(join(folder, 'probe.mjs'), probe)
  const npm = spawn('npm', ['start', '--silent'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface(npm.stdout)
  const said: string[] = []
  lines.on('line', (line) => said.push(line))
  await once(lines, 'line')
  npm.kill(signal)
  // The probe shares this output, so `close` means that the probe has ended.
  await once(lines, 'close')
  expect(said).toEqual([expect.stringMatching(/^\d+$/), 'gone'])
})
