// Paths of files that come with the lab. They are relative to the built programs, so they do not depend on the working directory.
import { fileURLToPath } from 'node:url'

/** The absolute path of the lab's scenarios and their schema. */
export const scenariosFolder = fileURLToPath(new URL('../../scenarios', import.meta.url))

/** The absolute path of a page of docs/. */
export function pagePath(name: string): string {
  return fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
}
