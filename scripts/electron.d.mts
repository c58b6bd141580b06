// The shapes of scripts/electron.mjs, which stays plain JavaScript because it runs before anything is installed.
export interface FindElectronOptions { folder?: string; folders?: readonly string[]; platform?: NodeJS.Platform; environment?: NodeJS.ProcessEnv }
export interface ElectronPlacesOptions { folder?: string; environment?: NodeJS.ProcessEnv; program?: string; platform?: NodeJS.Platform }
export function findElectron(options?: FindElectronOptions): string | undefined
export function electronPlaces(options?: ElectronPlacesOptions): string[]
export function hasDisplay(platform?: NodeJS.Platform, environment?: NodeJS.ProcessEnv): boolean
export function sandboxSwitches(platform?: NodeJS.Platform, userId?: number): string[]
export function electronEnvironment(environment?: NodeJS.ProcessEnv): NodeJS.ProcessEnv
