// Describes the machine of a measurement: a number without its machine says nothing.
import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

export interface MachineLine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  readonly redis: string
  readonly etcd: string
  readonly gcc: string
}

export function describeMachine(): MachineLine {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? '', cores: processors.length, memoryGiB: Math.round(totalmem() / 2 ** 30), kernel: release(), node: process.version,
    redis: versionOf('redis-server', /v=(\S+)/), etcd: versionOf('etcd', /etcd Version: (\S+)/), gcc: versionOf('gcc', /\) (\S+)/),
  }
}

/** Whether a program can be run here at all. */
export function hasProgram(program: string, question = '--version'): boolean {
  return spawnSync(program, [question], { stdio: 'ignore', timeout: 10_000 }).status === 0
}

function versionOf(program: string, pattern: RegExp): string {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  return status === 0 ? pattern.exec(stdout)?.[1] ?? 'of unknown version' : 'absent'
}
