// The entry point of the switchboard's process. The lab starts it with a pipe as descriptor 3; switchboard-program.ts does the rest.
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { endOnUncaught } from '../../system/ending'
import { controlDescriptor } from '../supervisor/control'
import { openNodeDoor } from './node-door'
import { SwitchboardProgram } from './switchboard-program'

process.title = 'understudy switchboard'
// The lab kills the nodes when this process has gone.
endOnUncaught()
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

const program = new SwitchboardProgram({
  pipe: new Socket({ fd: controlDescriptor }), openDoor: openNodeDoor,
  onEnd: (folder) => {
    if (folder !== undefined && process.platform !== 'win32') rmSync(folder, { recursive: true, force: true })
    process.exit(0)
  },
})
process.on('SIGCONT', () => program.continued())
