// Drives a page over the DevTools protocol. It must never enable a domain that reports page activity: a browser that reports every WebSocket frame
// spends more time on that than on the frames.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { atEnd } from '../system'

export interface DrivenPage {
  /** Evaluates an expression in the page, and awaits it if it is a promise. Rejects with what it threw. */
  evaluate<Value>(expression: string): Promise<Value>
  /** Sets a file on the file input that the selector finds. */
  chooseFile(selector: string, path: string): Promise<void>
  close(): Promise<void>
}

export interface BrowserStart {
  readonly program: string
  readonly args: readonly string[]
  /** Removed at the end. */
  readonly profileFolder: string
  readonly env?: NodeJS.ProcessEnv
  /** Arguments before the browser's own, where the program is one that starts the browser. */
  readonly prefix?: readonly string[]
}

/** Time limit for a page to appear. */
const startMs = 60_000

/** Time limit for a browser to end by itself. */
const endMs = 10_000

/** Starts a browser (or the desktop window) and drives its first page. */
export async function startBrowser({ program, args, profileFolder, env = process.env, prefix = [] }: BrowserStart): Promise<DrivenPage> {
  const words = [...prefix, `--remote-debugging-port=0`, `--user-data-dir=${profileFolder}`, ...args]
  // In its own process group: `npm` ends at a signal and leaves its children behind.
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true })
  const closed = new Promise((resolve) => child.once('close', resolve))
  const endAtExit = (): void => signalGroup(child, 'SIGKILL')
  const takeBack = atEnd(endAtExit)
  const end = async (): Promise<void> => {
    signalGroup(child, 'SIGTERM')
    // Its standard error closes when the last process of the group has ended.
    const timer = setTimeout(endAtExit, endMs)
    await closed
    clearTimeout(timer)
    takeBack()
    await rm(profileFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  try {
    const address = new URL(await toldAddress(child))
    return drive(await connect(await findPage(address.host)), end)
  } catch (error) {
    await end()
    throw error
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    // A program that could not be started has no group.
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // All of it has ended already.
  }
}

/** "DevTools listening on ws://127.0.0.1:PORT/..." on standard error. */
async function toldAddress(child: ChildProcess): Promise<string> {
  const lines = createInterface(child.stderr as NonNullable<typeof child.stderr>)
  const timer = setTimeout(() => lines.close(), startMs)
  try {
    for await (const line of lines) {
      const found = /listening on (ws:\S+)/.exec(line)?.[1]
      if (found !== undefined) return found
    }
    throw new Error('The browser did not start.')
  } finally {
    clearTimeout(timer)
    // Further output is ignored, but must be read, or the browser would block.
    child.stderr?.resume()
  }
}

async function findPage(host: string): Promise<string> {
  const end = Date.now() + startMs
  while (Date.now() < end) {
    const targets = await (await fetch(`http://${host}/json/list`)).json() as { type: string; url: string; webSocketDebuggerUrl: string }[]
    const page = targets.find(({ type, url }) => type === 'page' && !url.startsWith('devtools:'))
    if (page) return page.webSocketDebuggerUrl
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('The browser showed no page.')
}

async function connect(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 })
  await once(socket, 'open')
  return socket
}

interface Answer { readonly id?: number; readonly result?: unknown; readonly error?: { readonly message: string } }
interface Evaluated {
  readonly result: { readonly value?: unknown; readonly objectId?: string }
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } }
}

function drive(socket: WebSocket, end: () => Promise<void>): DrivenPage {
  const waiting = new Map<number, (answer: Answer) => void>()
  let lastId = 0
  socket.on('message', (data) => {
    const answer = JSON.parse((data as Buffer).toString('utf8')) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  socket.on('close', () => { for (const resolve of waiting.values()) resolve({ error: { message: 'The browser has gone.' } }) })

  async function ask(method: string, params: object): Promise<unknown> {
    const id = ++lastId
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
    waiting.delete(id)
    if (answer.error) throw new Error(answer.error.message)
    return answer.result
  }

  async function run(expression: string, returnByValue: boolean): Promise<Evaluated['result']> {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue, userGesture: true }) as Evaluated
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result
  }

  return {
    evaluate: async <Value>(expression: string) => (await run(expression, true)).value as Value,
    chooseFile: async (selector, path) => {
      const { objectId } = await run(`document.querySelector(${JSON.stringify(selector)})`, false)
      await ask('DOM.setFileInputFiles', { files: [path], objectId })
    },
    close: async () => {
      socket.terminate()
      await end()
    },
  }
}
