// `client`: executes one operation, or operations from standard input, or prints the view server's view. Exit status 0: every operation ended ok;
// 1: one ended failed or unknown; 2: it could not run.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { AddressError, DirectClient, parseAddress } from '../cluster'
import type { Message, Outcome, View } from '../protocol'
import { CannotRun } from './cannot-run'
import { OperationError, operationOf, outcomeJson, outcomeLine, wordsOf } from './client-operations'
import { addJournalFlag, journalFrom } from './journal-flag'
import { addSettingFlags, settingsFrom } from './settings-flags'
import { sayingWhatItWaitsFor } from './waiting'
import { printJson, printJsonText, printLines, printValue, say } from './terminal'

interface ClientFlags extends Record<string, unknown> {
  readonly viewServer: string
  readonly json?: boolean
  readonly to?: string
  readonly journal?: string
}

export function clientCommand(program: Command): void {
  const command = program.command('client')
    .description('put KEY VALUE, append KEY VALUE, get KEY, delete KEY, cas KEY EXPECTED VALUE, view; or - for a line each from standard input')
    .argument('<words...>', 'an operation, view, or -')
    .requiredOption('--view-server <address>', 'where the view server listens')
    .option('--to <server>', 'straight to this server, whatever its role')
    .option('--json', 'one JSON object a line', false)
  // Without a flag there is no timeout: a person at a terminal can cancel.
  addSettingFlags(addJournalFlag(command), { operationTimeoutMs: 0 }).action(run)
}

async function run(words: readonly string[], flags: ClientFlags): Promise<void> {
  try {
    parseAddress(flags.viewServer)
  } catch (error) {
    if (error instanceof AddressError) throw new CannotRun(error.message)
    throw error
  }
  const log = (sentence: string): void => say(sentence)
  const client = new DirectClient({ viewServer: flags.viewServer, settings: settingsFrom(flags), log, journal: await journalFrom(flags, log) })
  try {
    if (words[0] === 'view' && words.length === 1) await view(client, flags)
    else if (words[0] === '-' && words.length === 1) await fromStandardInput(client, flags)
    else print(await saying(client.operation(asOperation(words), target(flags)), client, flags), flags)
  } finally {
    client.close()
  }
}

const saying = (operation: Promise<Outcome>, client: DirectClient, { viewServer }: ClientFlags): Promise<Outcome> =>
  sayingWhatItWaitsFor(operation, client, viewServer, (sentence) => say(sentence))

const target = ({ to }: ClientFlags): { target?: string } => to === undefined ? {} : { target: to }

function asOperation(words: readonly string[]): ReturnType<typeof operationOf> {
  try {
    return operationOf(words)
  } catch (error) {
    if (error instanceof OperationError) throw new CannotRun(error.message)
    throw error
  }
}

function print(outcome: Outcome, { json = false }: ClientFlags): void {
  if (outcome.type !== 'ok') process.exitCode = 1
  if (json) printJsonText(outcomeJson(outcome, 1))
  else printValue(outcomeLine(outcome))
}

/** Executes the operations one after another and prints one line for each. An invalid line ends the run; the error names its line number. */
async function fromStandardInput(client: DirectClient, flags: ClientFlags): Promise<void> {
  let number = 0
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number++
    if (line.trim() === '') continue
    let words: string[]
    try {
      words = wordsOf(line)
    } catch (error) {
      throw new CannotRun(`Line ${number}: ${(error as Error).message}`)
    }
    try {
      print(await saying(client.operation(operationOf(words), { session: 0, ...target(flags) }), client, flags), flags)
    } catch (error) {
      if (error instanceof OperationError) throw new CannotRun(`Line ${number}: ${error.message}`)
      throw error
    }
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
  }
}

/** Timeout of a query to the view server. */
const queryMs = 5000

async function view(client: DirectClient, { json = false, viewServer }: ClientFlags): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_settle, reject) => {
    timer = setTimeout(() => reject(new CannotRun(`No view server answers at ${viewServer}.`)), queryMs)
  })
  const answer = await Promise.race([client.query(), late]).finally(() => clearTimeout(timer))
  if (json) printJson(answer)
  else printLines(describe(answer))
}

function describe(answer: Extract<Message, { type: 'query-reply' }>): string[] {
  const lines = [
    `current: ${viewLine(answer.current)}`,
    `acked: ${viewLine(answer.acked)}`,
    `served: ${answer.pings} pings, ${answer.getViews} get-view, ${answer.queries} queries`,
  ]
  if (answer.historyLost) lines.push('its history is lost: it forms no view')
  return lines
}

function viewLine({ viewnum, primary, backups }: View): string {
  if (!primary) return 'none yet'
  const names = backups.map(({ name, address }) => `${name} (${address})`).join(', ')
  return `view ${viewnum}, primary ${primary.name} (${primary.address}), ${names ? `backup ${names}` : 'no backup'}`
}
