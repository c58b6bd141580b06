// Installs the system packages that the tests need, and nothing else. It is for machines whose Electron comes from elsewhere: it allows
// trying that runtime before `npm test` would install its libraries.
import { hasDisplay } from './electron.mjs'
import { requireNode, say } from './install.mjs'
import { prepareSystem } from './system.mjs'

requireNode()
const missing = prepareSystem({ wantsElectron: true, hasDisplay: hasDisplay() })
if (missing.length > 0) say(`Still missing: ${missing.join(', ')}.`)
