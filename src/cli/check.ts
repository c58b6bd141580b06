// `check RECORDING...`: were the rules of the protocol kept? Standard output says how each stands, as lines or as JSON, and for a broken one the
// event that breaks it, the events that prove it, and a sentence. Status 0: none was broken; 1: one was; 2: a file cannot be judged.
import type { Command } from 'commander'
import { RuleMonitors, ruleTexts, type RuleState } from '../check'
import { readRecordingFile, reasonOf } from '../lab'
import { grouped, RecordingProblem, type TraceHeader } from '../trace'

export function checkCommand(program: Command): void {
  program.command('check').argument('<recordings...>', 'files (.jsonl, .jsonl.gz)')
    .description('whether the rules of the protocol were kept in a recording')
    .option('--json', 'one line of JSON for each file')
    .action(check)
}

interface Judged {
  readonly header: TraceHeader
  readonly events: number
  readonly note: string
  readonly rules: readonly RuleState[]
}

async function check(paths: readonly string[], { json = false }: { json?: boolean }): Promise<void> {
  let status = 0
  for (const path of paths) {
    try {
      const judged = await judge(path)
      process.stdout.write(json ? `${JSON.stringify({ recording: path, ...jsonOf(judged) })}\n` : `${lines(path, judged).join('\n')}\n`)
      if (judged.rules.some(({ standing }) => standing === 'broken')) status = Math.max(status, 1)
    } catch (error) {
      process.stderr.write(`${path}: ${error instanceof RecordingProblem ? error.message : `cannot be read: ${reasonOf(error)}.`}\n`)
      status = 2
    }
  }
  process.exitCode = status
}

async function judge(path: string): Promise<Judged> {
  let monitors: RuleMonitors | undefined
  const { header, count, note } = await readRecordingFile(path, {
    begin: (first) => {
      if (first.source === 'imported') throw new RecordingProblem('This is an imported history: it tells nothing of views and messages, so no rule can be judged.')
      monitors = new RuleMonitors(first)
    },
    take: ({ events }) => { for (const event of events) monitors?.take(event) },
  })
  return { header, events: count, note, rules: (monitors ?? new RuleMonitors(header)).states() }
}

function lines(path: string, { header, events, note, rules }: Judged): string[] {
  const { mutants } = header.settings
  const broken = rules.filter(({ standing }) => standing === 'broken')
  const found = broken.length === 0 ? 'no rule was broken' : `${broken.map(({ rule }) => ruleTexts[rule].title).join(', ')} broken`
  return [
    `${path}: ${found} (${grouped(events)} events).${mutants.length > 0 ? ` Broken on purpose: ${mutants.join(', ')}.` : ''}${note === '' ? '' : ` ${note}`}`,
    ...rules.flatMap(ruleLines),
  ]
}

function ruleLines({ rule, standing, held, broken, first }: RuleState): string[] {
  const { title, says, uw } = ruleTexts[rule]
  const name = `  ${`${title}${uw > 0 ? ` [${uw}]` : ''}`.padEnd(18)}`
  const evidence = first === null ? [] : [`${' '.repeat(20)}#${first.seq}: ${first.text} (events ${first.evidence.map((seq) => `#${seq}`).join(', ')})`]
  switch (standing) {
    case 'held': return [`${name}held ${grouped(held)} times. ${says}`]
    case 'not-exercised': return [`${name}not exercised: nothing of its kind happened. ${says}`]
    case 'broken': return [`${name}BROKEN ${broken === 1 ? 'once' : `${grouped(broken)} times`}. ${says}`, ...evidence]
    case 'not-promised': return [`${name}not promised in asynchronous replication; broken ${grouped(broken)} times. ${says}`, ...evidence]
  }
}

function jsonOf({ header, events, note, rules }: Judged): Record<string, unknown> {
  return { broken: rules.some(({ standing }) => standing === 'broken'), mutants: header.settings.mutants, events, note, rules }
}
