// `doctor`: checks whether this machine has what the lab needs, and says how to get what is missing, one line for each check.
// It must work on a machine where nothing else does, and leave nothing behind.
// Status 0: the lab can run, in a window or at least in a browser; 2: it cannot.
import type { Command } from 'commander'
import { doctorChecks, type Finding } from './doctor-checks'

export function doctorCommand(program: Command): void {
  program.command('doctor').description('what the lab needs of this machine: what is there, what is missing, and how it is had')
    .option('--json', 'one line of JSON')
    .action(doctor)
}

async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  const findings: Finding[] = []
  // In sequence: some checks count open files and must not count those of another check.
  for (const check of doctorChecks) findings.push(await check())
  const canRun = findings.every(({ state }) => state !== 'missing')
  process.stdout.write(json ? `${JSON.stringify({ canRun, checks: findings })}\n` : `${lines(findings, canRun).join('\n')}\n`)
  process.exitCode = canRun ? 0 : 2
}

function lines(findings: readonly Finding[], canRun: boolean): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const told = findings.map(({ name, state, says, how }) => `${state.padEnd(7)}  ${name.padEnd(width)}  ${[says, how].filter((part) => part !== '').join(' ')}`)
  return [...told, canRun ? verdict(findings) : 'The lab cannot run here before what is missing is there.']
}

function verdict(findings: readonly Finding[]): string {
  const hasWindow = ['display', 'runtime'].every((name) => findings.some((finding) => finding.name === name && finding.state === 'ok'))
  return hasWindow ? 'The lab can run here, in a window of its own.' : 'The lab can run here: its commands, and in a browser with understudy serve.'
}
