// A report as text for a terminal, as JUnit XML for CI, and as one HTML page that needs no other file. It must escape everything that
// came from a file or a cluster, because a title may hold any text.
import { visible } from '../trace'
import type { Report, ReportedScenario } from './report'

export type ReportFormat = 'text' | 'json' | 'junit' | 'html'
export const reportFormats: readonly ReportFormat[] = ['text', 'json', 'junit', 'html']
/** The file name extensions of reports. */
export const reportEndings: Readonly<Record<ReportFormat, string>> = { text: '.txt', json: '.json', junit: '.xml', html: '.html' }

export function formatReport(report: Report, format: ReportFormat): string {
  switch (format) {
    case 'text': return textReport(report)
    case 'json': return `${JSON.stringify(report, null, 2)}\n`
    case 'junit': return junitReport(report)
    case 'html': return htmlReport(report)
  }
}

// ---- text

function textReport(report: Report): string {
  const lines: string[] = []
  for (const suite of report.suites) {
    lines.push(`${suite.name || 'Scenarios'}${pointsText(suite)}`)
    for (const scenario of suite.scenarios) lines.push(...textOf(scenario))
    lines.push('')
  }
  lines.push(summary(report))
  return `${lines.map(visible).join('\n')}\n`
}

const marks: Readonly<Record<ReportedScenario['state'], string>> = { passed: 'ok  ', failed: 'FAIL', 'not-judged': '?   ', stopped: 'stop', 'not-run': '-   ' }

function textOf(scenario: ReportedScenario): string[] {
  const { state, title, seconds, reason, file, lastEvents, recording } = scenario
  const first = `  ${marks[state]} ${title}${brokenText(scenario)}${state === 'not-run' ? ', not run' : ` (${seconds.toFixed(1)} s)`}${pointsText(scenario)}`
  const again = scenario.determinism === '' ? [] : [`       ${scenario.determinism}`]
  if (state === 'not-judged') return [first, `       ${file}: ${reason}`, ...again]
  if (state !== 'failed') return [first, ...again]
  return [first, ...again, `       ${file}: ${reason}`, ...lastEvents.map((event) => `       | ${event}`), ...recording ? [`       recording: ${recording}`] : []]
}

/** Marks a cluster that was broken on purpose, so that no reader takes its result for the protocol's. */
function brokenText({ mutants }: ReportedScenario): string {
  return mutants.length === 0 ? '' : ` [BROKEN ON PURPOSE: ${mutants.join(', ')}]`
}

function pointsText({ points, pointsMax }: { points: number; pointsMax: number }): string {
  return pointsMax === 0 ? '' : `  ${points}/${pointsMax} points`
}

/** One sentence about the whole run. */
export function summary(report: Report): string {
  const { passed, failed, notJudged, notRun, seconds, stopped } = report
  return `${passed} passed, ${failed} failed${notJudged > 0 ? `, ${notJudged} not judged` : ''}${notRun > 0 ? `, ${notRun} not run` : ''} in ${seconds.toFixed(1)} s${pointsText(report)}${stopped ? '; it was stopped' : ''}`
}

// ---- JUnit

function junitReport(report: Report): string {
  const suites = report.suites.map((suite) => {
    const cases = suite.scenarios.map(junitCase).join('')
    const seconds = suite.scenarios.reduce((sum, scenario) => sum + scenario.seconds, 0)
    return `  <testsuite name="${escapeText(suite.name || 'Scenarios')}" tests="${suite.scenarios.length}" failures="${suite.failed}" errors="0" skipped="${suite.notRun + suite.notJudged}" time="${seconds.toFixed(3)}">\n${cases}  </testsuite>\n`
  })
  const skipped = report.notJudged + report.notRun
  const tests = report.passed + report.failed + skipped
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="Understudy" tests="${tests}" failures="${report.failed}" errors="0" skipped="${skipped}" time="${report.seconds.toFixed(3)}" timestamp="${report.createdAt}">\n${suites.join('')}</testsuites>\n`
}

function junitCase(scenario: ReportedScenario): string {
  const { title, file, seconds, state, reason, lastEvents, points, pointsMax, on, seed } = scenario
  const head = `    <testcase name="${escapeText(`${title}${brokenText(scenario)}`)}" classname="${escapeText(file)}" time="${seconds.toFixed(3)}">`
  const properties = [['on', on], ['seed', seed], ['mutants', scenario.mutants.join(' ')], ['points', String(points)], ['pointsMax', String(pointsMax)]]
    .map(([name, value]) => `<property name="${name}" value="${escapeText(value ?? '')}"/>`).join('')
  const inner = state === 'failed' ? `\n      <failure message="${escapeText(reason)}">${escapeText([reason, ...lastEvents].join('\n'))}</failure>`
    : state === 'passed' ? '' : `\n      <skipped message="${state === 'not-judged' ? escapeText(reason) : state === 'stopped' ? 'it was stopped' : 'it was not run'}"/>`
  return `${head}\n      <properties>${properties}</properties>${inner}\n    </testcase>\n`
}

/** For XML and HTML alike; control characters are replaced, because neither allows them. */
export function escapeText(text: string): string {
  return [...text].map((character) => {
    switch (character) {
      case '&': return '&amp;'
      case '<': return '&lt;'
      case '>': return '&gt;'
      case '"': return '&quot;'
      case '\'': return '&#39;'
      default: return isAllowed(character) ? character : '�'
    }
  }).join('')
}

/** False for characters that are invisible or change how the rest is displayed; line breaks and tabs are allowed. */
function isAllowed(character: string): boolean {
  return '\t\n\r'.includes(character) || visible(character) === character
}

// ---- HTML

const style = `
:root{color-scheme:light dark;--panel:#fff;--sunk:#f4f6f8;--line:#dde2e8;--fg:#171c23;--fg2:#434c59;--fg3:#5c6675;--ok:#00705a;--bad:#b5121b;--bad-soft:#fce9e8}
@media(prefers-color-scheme:dark){:root{--panel:#13171c;--sunk:#0e1216;--line:#252b33;--fg:#e8ebef;--fg2:#b3bcc8;--fg3:#8d97a5;--ok:#4ccba9;--bad:#ff7b72;--bad-soft:#3a1618}}
body{margin:0 auto;max-width:960px;padding:24px;background:var(--panel);color:var(--fg);font:13px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:20px;margin:0 0 4px}h2{font-size:15px;margin:24px 0 4px;display:flex;gap:12px}h2 span,.about,.line{color:var(--fg3);font-weight:400}
details{border-top:1px solid var(--line);padding:4px 0}summary{display:grid;grid-template-columns:64px 1fr auto auto;gap:12px;cursor:pointer;padding:2px 0}
summary:focus-visible{outline:2px solid #1d5bc9;outline-offset:2px}.passed{color:var(--ok)}.failed{color:var(--bad);font-weight:600}.not-run,.not-judged,.stopped,.skipped{color:var(--fg3)}
.reason{background:var(--bad-soft);padding:8px 12px;border-radius:6px}ol{margin:8px 0;padding-left:32px}li{padding:1px 0}pre{background:var(--sunk);padding:8px 12px;border-radius:6px;overflow:auto;font-size:11px}
table{border-collapse:collapse;margin:8px 0}td,th{text-align:left;padding:2px 16px 2px 0;font-weight:400}th{color:var(--fg3)}`

function htmlReport(report: Report): string {
  const suites = report.suites.map((suite) =>
    `<section><h2>${escapeText(suite.name || 'Scenarios')}<span>${suite.passed} of ${suite.scenarios.length} passed${escapeText(pointsText(suite))}</span></h2>${suite.scenarios.map(htmlScenario).join('')}</section>`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Understudy report: ${report.passed} passed, ${report.failed} failed</title>`
    + `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${style}</style></head>`
    + `<body><main><h1>Understudy report</h1><p>${escapeText(summary(report))} <span class="line">${escapeText(report.createdAt)}</span></p>${suites.join('')}</main></body></html>\n`
}

function htmlScenario(scenario: ReportedScenario): string {
  const { state, title, seconds, reason, about, file, on, seed, steps, lastEvents, recording } = scenario
  const stepLines = steps.map((step) => `<li class="${step.state}">${escapeText(step.text)}${step.detail ? ` <span class="line">${escapeText(step.detail)}</span>` : ''}</li>`)
  return `<details${state === 'failed' ? ' open' : ''}><summary><span class="${state}">${state}</span><span>${escapeText(title)}${scenario.mutants.length > 0 ? ' <b class="failed">broken on purpose</b>' : ''}</span><span>${escapeText(pointsText(scenario).trim())}</span><span>${seconds.toFixed(1)} s</span></summary>`
    + (reason ? `<p class="reason">${escapeText(reason)}</p>` : '')
    + (scenario.mutants.length > 0 ? `<p class="reason">Broken on purpose: ${escapeText(scenario.mutants.join(', '))}. What came of it says nothing of the protocol as it should be.</p>` : '')
    + (scenario.determinism ? `<p class="reason">${escapeText(scenario.determinism)}</p>` : '')
    + (about ? `<p class="about">${escapeText(about)}</p>` : '')
    + `<table><tr><th>file</th><td>${escapeText(file)}</td></tr><tr><th>on</th><td>${on}, seed ${escapeText(seed)}</td></tr>${recording ? `<tr><th>recording</th><td>${escapeText(recording)}</td></tr>` : ''}</table>`
    + (stepLines.length > 0 ? `<ol>${stepLines.join('')}</ol>` : '')
    + (lastEvents.length > 0 ? `<pre>${escapeText(lastEvents.join('\n'))}</pre>` : '')
    + '</details>'
}
