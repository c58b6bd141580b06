// Where a report goes: standard output, or files, one for each format. It must never put anything but the report on standard output.
import { writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { formatReport, reportEndings, reportFormats, summary, type Report, type ReportFormat } from '../scenario'
import { makeFolder, reasonOf } from '../system'
import { CannotRun } from './cannot-run'
import { asGiven, say } from './terminal'

export interface ReportOptions {
  readonly report: readonly ReportFormat[]
  readonly out?: string | undefined
}

/** Adds --report and --out. */
export function addReportFlags(command: Command): Command {
  return command
    .addOption(new Option('--report <format...>', 'one or several of them').choices(reportFormats as string[]).default(['text']))
    .option('--out <file>', 'writes the report there; with several formats each gets its own ending')
}

/** The exit status: 1 if a scenario failed, 2 if nothing could be judged. */
export function statusOf({ failed, passed, notJudged }: Report): number {
  return failed > 0 ? 1 : passed === 0 && notJudged > 0 ? 2 : 0
}

export function tellReport(report: Report, { report: formats, out }: ReportOptions): void {
  for (const format of formats) {
    const text = formatReport(report, format)
    if (out === undefined) process.stdout.write(asGiven(text))
    else {
      const path = formats.length === 1 ? out : `${out.replace(/\.(txt|json|xml|html)$/, '')}${reportEndings[format]}`
      writeReport(path, text)
      say(`The ${format} report is in ${path}.`)
    }
  }
  if (!formats.includes('text') || out !== undefined) say(summary(report))
}

function writeReport(path: string, text: string): void {
  try {
    makeFolder(dirname(resolve(path)))
    writeFileSync(path, text)
  } catch (error) {
    throw new CannotRun(`The report could not be written to ${path}: ${reasonOf(error)}.`)
  }
}
