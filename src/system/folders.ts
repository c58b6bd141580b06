// Creates folders that a user named, with their missing parents.
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Creates a folder and its parents; an existing folder is unchanged. Throws the file system's error. It avoids Node's `recursive` option, which
 * loops for ever if a file system reports an existing folder as missing, as /proc does.
 */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at) && at !== dirname(at); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) {
    try {
      mkdirSync(folder, mode)
    } catch (error) {
      // Another process may have created it meanwhile.
      if (!existsSync(folder)) throw error
    }
  }
  if (!statSync(path).isDirectory()) throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR', syscall: 'mkdir', path })
}
