// The shapes of scripts/licences.mjs, which stays plain JavaScript because packaging runs it.
export function builtInPackages(folder?: string): string[]
export function licencesText(names?: readonly string[], modules?: string): string
