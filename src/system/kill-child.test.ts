// Kills a child that could not be started, in a process group of its own, where a signal to the whole group would be seen.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { expect, test } from 'vitest'

test.runIf(process.platform === 'linux')('the end of a child that could not be started is the end of nobody', () => {
  const source = readFileSync(resolve(import.meta.dirname, 'kill-child.ts'), 'utf8')
  const program = `${transpileModule(source, { compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 } }).outputText}
    import { spawn } from 'node:child_process'
    import { openSync } from 'node:fs'
    try { for (;;) openSync('/dev/null') } catch {}
    const child = spawn(process.execPath, ['-v'])
    child.on('error', (error) => console.log(error.code, child.pid))
    killChild(child, 'SIGKILL')
  `
  const { status, signal, stdout } = spawnSync('setsid', ['-w', 'bash', '-c', 'ulimit -n 64; "$@"; echo "and on"', 'bash', process.execPath, '--input-type=module', '-e', program], { encoding: 'utf8' })
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: 'EMFILE undefined\nand on\n' })
})
