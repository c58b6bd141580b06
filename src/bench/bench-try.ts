import { measureFailover, fastSettings } from './failover'
import { killFloor } from './failover-floor'
const kills = Number(process.argv[2]), keys = Number(process.argv[3]), retry = Number(process.argv[4] ?? 5)
const at = (name: string): string => new URL(name, import.meta.url).pathname
const floors: number[] = []; const ours: number[] = []
const lines: Record<string, number[]> = {}
const med = (a: number[]): number => a.toSorted((x, y) => x - y)[a.length >> 1] ?? 0
await measureFailover({ program: at('./measured-node.js'), kills, keys, settings: { ...fastSettings, retryMs: retry }, onKill: async (kill) => {
  ours.push(kill.ms)
  let last = 0
  for (const [n, v] of Object.entries(kill.timeline)) { (lines[n] ??= []).push(v); if (n !== 'lastPingMs' && n!== 'verdictMs') (lines['d ' + n] ??= []).push(v - last); last = v }
  (lines['verdict-lastPing'] ??= []).push((kill.timeline.verdictMs ?? 0) - (kill.timeline.lastPingMs ?? 0))
  if (process.argv[5] !== 'nofloor') floors.push(await killFloor(at('./floor-node.js'), { pingIntervalMs: 20, deadAfterMs: 60, checkIntervalMs: 5 }))
} })
console.log('ours', med(ours), Math.min(...ours), Math.max(...ours), 'floor', med(floors), Math.min(...floors), Math.max(...floors))
for (const [n, v] of Object.entries(lines)) console.log(n.padEnd(24), med(v).toFixed(2), Math.min(...v).toFixed(2), Math.max(...v).toFixed(2))
