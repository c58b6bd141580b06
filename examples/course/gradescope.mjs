// Turns the lab's JSON report into what an autograder reads: { score, output, tests: [{ name, score, max_score, output, status }] }.
//
//     understudy run scenarios/ --program "student=./replica" --report json --out report.json
//     node gradescope.mjs report.json > results.json
//
// It gives the report's points and no others. What was not judged has no points, gained or lost, and says why. A run that did not come to its end has
// no results: status 2.
import { readFileSync } from 'node:fs'

/** Reads the report from a file, or from standard input. */
function readReport(path) {
  const report = JSON.parse(readFileSync(path ?? 0, 'utf8'))
  if (report?.understudy !== 'report' || report.version !== 1) throw new Error('this is no report of `understudy run --report json`, version 1')
  if (report.stopped || report.notRun > 0) throw new Error('the run did not come to its end: grade it again')
  return report
}

function resultsOf(report) {
  return { score: report.points, output: summaryOf(report), tests: report.suites.flatMap(({ name, scenarios }) => scenarios.map((scenario) => testOf(name, scenario))) }
}

function summaryOf({ passed, failed, notJudged, points, pointsMax }) {
  return `${passed} passed, ${failed} failed${notJudged > 0 ? `, ${notJudged} not judged` : ''}: ${points} of ${pointsMax} points.`
}

function testOf(suite, { title, state, points, pointsMax, reason, lastEvents, recording }) {
  return {
    name: suite === '' ? title : `${suite}: ${title}`,
    score: points,
    // The report has 0 here for what was not judged.
    max_score: pointsMax,
    output: outputOf(state, reason, lastEvents, recording),
    // There are only two words, and one that is left out is drawn from 0 of 0 points: as if it had passed.
    status: state === 'passed' ? 'passed' : 'failed',
  }
}

function outputOf(state, reason, lastEvents, recording) {
  if (state === 'passed') return ''
  if (state === 'not-judged') return `Not judged, no points gained or lost: ${reason}`
  return [reason, ...lastEvents, ...recording === '' ? [] : [`recording: ${recording}`]].join('\n')
}

try {
  process.stdout.write(`${JSON.stringify(resultsOf(readReport(process.argv[2])), null, 2)}\n`)
} catch (error) {
  process.stderr.write(`No results: ${error.message}.\n`)
  process.exitCode = 2
}
