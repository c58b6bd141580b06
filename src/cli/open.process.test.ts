// The default command: which program shows the lab, with which arguments, and that the program ends with the command.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli, root } from '../system/testing/built'

let folder: string
let env: NodeJS.ProcessEnv
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-open-'))
  mkdirSync(join(folder, 'runtime'))
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...rest } = process.env
  env = { ...rest, UNDERSTUDY_DATA: join(folder, 'data'), ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'runtime') }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A script in place of Electron. */
function runtime(...lines: string[]): void {
  writeFileSync(join(folder, 'runtime/electron'), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 })
}

describe.runIf(process.platform === 'linux')('the lab', () => {
  it('opens in a window where there are a display and a runtime, which gets the switches and the folder of the lab, and whose status is told', () => {
    runtime('echo "$@"', 'echo "[$NODE_OPTIONS]"', 'exit 7')
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, '--empty', '--remote-debugging-port=0'], { encoding: 'utf8', env: { ...env, DISPLAY: ':1', NODE_OPTIONS: '--no-warnings' } })
    const sandbox = process.getuid?.() === 0 ? '--no-sandbox ' : ''
    expect({ status, stdout, stderr }).toEqual({ status: 7, stdout: `${sandbox}--empty --remote-debugging-port=0 ${root}\n[]\n`, stderr: '' })
  })

  it('refuses a word that the runtime would take for a program', () => {
    runtime('echo ran')
    expect(spawnSync(process.execPath, [cli, 'open', '--port', '80'], { encoding: 'utf8', env: { ...env, DISPLAY: ':1' } })).toMatchObject({
      status: 2, stdout: '', stderr: 'A window takes switches alone, not "80"; the options of serve go with --web.\n',
    })
  })

  it('closes its window when the command is told to end', async () => {
    runtime('trap "echo closed; exit 0" TERM', 'echo open', 'while :; do sleep 0.1; done')
    const child = spawn(process.execPath, [cli], { env: { ...env, DISPLAY: ':1' }, stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('open')
    child.kill('SIGTERM')
    expect((await lines.next()).value).toBe('closed')
    await once(child, 'exit')
    expect(child.exitCode).toBe(0)
  })

  it('closes its window when it is told to end a moment after the start', async () => {
    runtime('trap "echo closed; exit 0" TERM', 'echo open', 'while :; do sleep 0.1; done')
    // The command stands still after it has started the window, as on a busy machine.
    const late = join(folder, 'late.mjs')
    writeFileSync(late, [
      'import children from "node:child_process"', 'import { syncBuiltinESMExports } from "node:module"', 'const { spawn } = children',
      'children.spawn = (...words) => { const child = spawn(...words); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); return child }',
      'syncBuiltinESMExports()',
    ].join('\n'))
    const child = spawn(process.execPath, ['--import', late, cli], { env: { ...env, DISPLAY: ':1' }, stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('open')
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(child.exitCode).toBe(0)
    expect((await lines.next()).value).toBe('closed')
  })

  it.each([
    ['there is no display', {}, [], /^There is no display here, so the lab is served to a browser on this machine\.$/m],
    ['there is no runtime', { DISPLAY: ':1' }, ['--no-open'], /^ELECTRON_OVERRIDE_DIST_PATH is set, but there is no Electron in that folder: the lab is served to a browser on this machine\.$/m],
    ['a browser is asked for', { DISPLAY: ':1' }, ['--web', '--no-open'], /^(Ending the session\.\n)?$/],
  ])('is served to a browser where %s, with the words of serve', async (_why, display, words, says) => {
    const child = spawn(process.execPath, [cli, ...words, '--port', '0'], { env: { ...env, ...display }, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => { said += String(data) })
    const ended = once(child, 'close')
    const [address] = await once(createInterface(child.stdout), 'line') as [string]
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//)
    child.kill('SIGTERM')
    await ended
    expect(said).toMatch(says)
  })

  it('says of words that neither a window nor serve has that they are unknown', () => {
    expect(spawnSync(process.execPath, [cli, '--web', '--prot', '80'], { encoding: 'utf8', env })).toMatchObject({ status: 2, stderr: expect.stringContaining('Did you mean --port?') as string })
  })
})
