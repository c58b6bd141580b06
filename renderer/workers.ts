// The programs that run beside the page, and the only way to start one: the page's policy lets no other address become a script.
import printsAddress from './panels/compare/prints-worker?worker&url'
import replayAddress from './panels/inspector/replay-worker?worker&url'

const addresses = { replay: replayAddress, prints: printsAddress } as const

interface ScriptPolicy { createScriptURL(address: string): string }
interface PolicyFactory { createPolicy(name: string, rules: { createScriptURL(address: string): string }): ScriptPolicy }

/** A name can be made a policy once in a page's life. */
let policy: ScriptPolicy | undefined

/** What the build made of each worker, by name: nothing that was typed or read ever gets here. */
export function startWorker(name: keyof typeof addresses): Worker {
  const factory = (window as unknown as { trustedTypes?: PolicyFactory }).trustedTypes
  policy ??= factory?.createPolicy('understudy-worker', { createScriptURL: (wanted) => addresses[wanted as keyof typeof addresses] })
  return new Worker(policy?.createScriptURL(name) ?? addresses[name], { type: 'module' })
}
