// The shapes of scripts/electron.mjs, which stays plain JavaScript because it runs before anything is installed.
export interface FindElectronOptions { folder?: string; platform?: NodeJS.Platform; environment?: NodeJS.ProcessEnv }
export function findElectron(options?: FindElectronOptions): string | undefined
export function obtainElectron(): string | undefined
export function hasDisplay(platform?: NodeJS.Platform, environment?: NodeJS.ProcessEnv): boolean
export function sandboxSwitches(platform?: NodeJS.Platform, userId?: number): string[]
export function electronEnvironment(environment?: NodeJS.ProcessEnv): NodeJS.ProcessEnv
