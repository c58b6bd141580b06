// Translates the system's error codes into reasons that fit within a sentence. No other file may do so. It must never return a code, a path or a
// stack as a reason.

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full', EDQUOT: 'the disk quota is used up', EFBIG: 'the file may not grow longer', EROFS: 'the file system is read-only',
  EACCES: 'permission is denied', EPERM: 'permission is denied', ENOENT: 'no such file', EEXIST: 'there is a file of that name already',
  EISDIR: 'it is a folder', ENOTDIR: 'a part of the path is no folder', ENOTEMPTY: 'the folder is not empty', ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle', EMFILE: 'too many files are open', ENFILE: 'too many files are open on this machine', ENOMEM: 'there is no memory left',
  EAGAIN: 'the system has no more of it now', EBUSY: 'something else uses it', ETXTBSY: 'something else uses it', EIO: 'the disk cannot read or write it',
  ENXIO: 'it is a socket, or a device that is not there', ENODEV: 'nothing is behind it', EINVAL: 'the system does not take it', ENOSYS: 'the system cannot do it', ENOTSUP: 'the system cannot do it',
  EOPNOTSUPP: 'the system cannot do it', ESTALE: 'it was removed meanwhile', EADDRINUSE: 'another process listens there', EADDRNOTAVAIL: 'this machine has no such address',
  ECONNREFUSED: 'nobody listens there', ECONNRESET: 'the other end broke off', ETIMEDOUT: 'no answer came', EPIPE: 'nobody reads it any more', ENOTSOCK: 'it is no socket',
}

/** Reasons for a process that could not be started. */
const ofProcesses: Readonly<Record<string, string>> = {
  EAGAIN: 'no more processes are allowed', ENOENT: 'the program is not there', EACCES: 'the program may not be run', E2BIG: 'its parameters are too long',
}

interface SystemError extends Error {
  readonly code: string
  readonly syscall?: string
  readonly path?: string
}

/** True for an error of the system, as opposed to a bug in a program. */
export function isOfTheSystem(error: unknown): error is SystemError {
  return error instanceof Error && systemCode(error) !== ''
}

/** Any error as a reason, without a full stop: a translation for the system's errors, the message for others. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = systemCode(error)
  const words = (isOfProcess(error) ? ofProcesses[code] : undefined) ?? (Object.hasOwn(reasons, code) ? reasons[code] : undefined)
  return words ?? plain(error.message)
}

/** True for an error of starting a process or a thread. */
export function isOfProcess(error: Error): boolean {
  if ('code' in error && error.code === 'ERR_WORKER_INIT_FAILED') return true
  return 'syscall' in error && typeof error.syscall === 'string' && error.syscall.startsWith('spawn')
}

/** The code, such as `ENOSPC`; empty for other errors. `os.homedir()` and similar calls keep theirs in `info`. */
function systemCode(error: Error): string {
  const { code, info, syscall } = error as { code?: unknown; info?: { code?: unknown }; syscall?: unknown }
  if (code === 'ERR_SYSTEM_ERROR') return typeof info?.code === 'string' ? info.code : 'EIO'
  // "Worker initialization failure: EMFILE"
  if (code === 'ERR_WORKER_INIT_FAILED') return /E[A-Z0-9]+$/.exec(error.message)?.[0] ?? code
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'ENOMEM'
  return typeof code === 'string' && (Object.hasOwn(reasons, code) || (syscall !== undefined && /^E[A-Z0-9]+$/.test(code))) ? code : ''
}

/** Reduces "EIO: i/o error, read" to "i/o error": the first line without code, call and full stop. */
function plain(message: string): string {
  const [line = ''] = message.split('\n')
  return line.replace(/^E[A-Z0-9]+: (.*?)(, \w+( '.*')?)?$/, '$1').replace(/\.$/, '')
}
