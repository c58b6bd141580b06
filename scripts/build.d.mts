// The shapes of scripts/build.mjs, which stays plain JavaScript because it runs before anything is installed.
export function fingerprint(folder?: string): string
export function isBuilt(folder?: string): boolean
export function buildIfStale(): void
