// The shapes of scripts/system.mjs that TypeScript calls; it stays plain JavaScript because it runs before anything is installed.
export function findChromium(environment?: NodeJS.ProcessEnv): string | undefined
export function findFirefox(environment?: NodeJS.ProcessEnv): string | undefined
