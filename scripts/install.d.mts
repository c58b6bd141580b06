// The shapes of scripts/install.mjs, which stays plain JavaScript because it runs before anything is installed.
export const root: string
export function say(sentence: string): void
export const newestNode: number
export function standingOfNode(version?: string): 'too-old' | 'supported' | 'newer'
export function requireNode(): void
export function modulesAreCurrent(folder?: string): boolean
export function installModules(): void
export function isWritable(path: string): boolean
export function hasBuild(folder?: string): boolean
export function runModule(path: string, parameters: readonly string[], options?: { folder?: string } & object): number
