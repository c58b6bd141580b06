// The shapes of scripts/package/archive.mjs.
interface Place { readonly folder: string; readonly dist: string }
export function makeZip(place: Place): string
export function makeDmg(place: Place): string
