// Paths of the built programs that run outside of the window. Plain Node cannot read an asar archive: a packaged app unpacks them beside it.
import { fileURLToPath } from 'node:url'
import type { ClusterPrograms } from '../src/lab'

const unpacked = (name: string): string => fileURLToPath(new URL(name, import.meta.url)).replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked')

export const programs: ClusterPrograms = { node: unpacked('./node.js'), switchboard: unpacked('./switchboard.js'), host: unpacked('./foreign.js'), exploreWorker: unpacked('./explore-worker.js'), scenarioWorker: unpacked('./scenario-worker.js') }
