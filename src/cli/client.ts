// `client`: one operation and its answer, operations from standard input, or the view server's view. The exit status tells how it
// went: 0 all ended ok, 1 one ended failed or unknown, 2 it could not run.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { AddressError, DirectClient, parseAddress } from '../cluster'
import type { Message, Outcome, View } from '../protocol'
import { CannotRun } from './cannot-run'
import { OperationError, operationOf, outcomeJson, outcomeLine, wordsOf } from './client-operations'
import { addJournalFlag, journalFrom } from './journal-flag'
import { addSettingFlags, settingsFrom } from './settings-flags'

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
  // A person at a terminal waits as long as they like: no timeout unless it is asked for.
  addSettingFlags(addJournalFlag(command), { operationTimeoutMs: 0 }).action(run)
}

async function run(words: readonly string[], flags: ClientFlags): Promise<void> {
  try {
    parseAddress(flags.viewServer)
  } catch (error) {
    if (error instanceof AddressError) throw new CannotRun(error.message)
    throw error
  }
  const log = (sentence: string): void => void process.stderr.write(`${sentence}\n`)
  const client = new DirectClient({ viewServer: flags.viewServer, settings: settingsFrom(flags), log, journal: await journalFrom(flags, log) })
  try {
    if (words[0] === 'view' && words.length === 1) await view(client, flags)
    else if (words[0] === '-' && words.length === 1) await fromStandardInput(client, flags)
    else print(await client.operation(asOperation(words), target(flags)), flags)
  } finally {
    client.close()
  }
}

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
  process.stdout.write(`${json ? outcomeJson(outcome, 1) : outcomeLine(outcome)}\n`)
}

/** One operation after the other, each answered with a line; a line that is no operation ends the run with its number. */
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
      print(await client.operation(operationOf(words), { session: 0, ...target(flags) }), flags)
    } catch (error) {
      if (error instanceof OperationError) throw new CannotRun(`Line ${number}: ${error.message}`)
      throw error
    }
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
  }
}

/** How long an operator's question waits for its answer. */
const queryMs = 5000

async function view(client: DirectClient, { json = false, viewServer }: ClientFlags): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_settle, reject) => {
    timer = setTimeout(() => reject(new CannotRun(`No view server answers at ${viewServer}.`)), queryMs)
  })
  const answer = await Promise.race([client.query(), late]).finally(() => clearTimeout(timer))
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : describe(answer))
}

function describe(answer: Extract<Message, { type: 'query-reply' }>): string {
  const lines = [
    `current: ${viewLine(answer.current)}`,
    `acked: ${viewLine(answer.acked)}`,
    `served: ${answer.pings} pings, ${answer.getViews} get-view, ${answer.queries} queries`,
  ]
  if (answer.historyLost) lines.push('its history is lost: it forms no view')
  return `${lines.join('\n')}\n`
}

function viewLine({ viewnum, primary, backups }: View): string {
  if (!primary) return 'none yet'
  const names = backups.map(({ name, address }) => `${name} (${address})`).join(', ')
  return `view ${viewnum}, primary ${primary.name} (${primary.address}), ${names ? `backup ${names}` : 'no backup'}`
}
