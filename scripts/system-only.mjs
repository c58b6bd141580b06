// Installs what the tests need of the operating system, and nothing else. For a machine whose Electron comes from elsewhere: whoever
// unpacks a runtime there may want to see it run before `npm test` comes to install its libraries.
import { hasDisplay } from './electron.mjs'
import { requireNode, say } from './install.mjs'
import { prepareSystem } from './system.mjs'

requireNode()
const missing = prepareSystem({ wantsElectron: true, hasDisplay: hasDisplay() })
if (missing.length > 0) say(`Still missing: ${missing.join(', ')}.`)
