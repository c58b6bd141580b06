// The shapes of scripts/install.mjs, which stays plain JavaScript because it runs before anything is installed.
export const root: string
export function say(sentence: string): void
export function requireNode(): void
export function modulesAreCurrent(folder?: string): boolean
export function installModules(): void
export function runModule(path: string, parameters: readonly string[], options?: object): number
