// The workers of the page, and the only way to start one. It must never start a script from another address; the page's policy forbids it.
import digestsAddress from './digests-worker?worker&url'
import replayAddress from './replay-worker?worker&url'

const addresses = { replay: replayAddress, digests: digestsAddress } as const

interface ScriptPolicy { createScriptURL(address: string): string }
interface PolicyFactory { createPolicy(name: string, rules: { createScriptURL(address: string): string }): ScriptPolicy }

/** Created only once, because a page allows each policy name only once. */
let policy: ScriptPolicy | undefined

/** Starts a worker by name, from the address that the build gave it; typed or read text must never get here. */
export function startWorker(name: keyof typeof addresses): Worker {
  const factory = (window as unknown as { trustedTypes?: PolicyFactory }).trustedTypes
  policy ??= factory?.createPolicy('understudy-worker', { createScriptURL: (wanted) => addresses[wanted as keyof typeof addresses] })
  return new Worker(policy?.createScriptURL(name) ?? addresses[name], { type: 'module' })
}
