// The shapes of scripts/package/stage.mjs.
export const plainPrograms: readonly string[]
export function closure(names: readonly string[], folder?: string): string[]
