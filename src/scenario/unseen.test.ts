// An invisible or misleading character is named, with its code, its line and its column, if YAML does not read it as what it looks like.
import { describe, expect, it } from 'vitest'
import { readScenario } from './read'

const good = ['title: It’s “well” – a\u00a0b', 'steps:', '  - kill: s1', '  - pause: s2', 'understudy: scenario', 'version: 1', ''].join('\n')

/** Problems of the text, first the one that names the character. */
function problemsOf(text: string): string[] {
  return readScenario('a.yaml', text).problems.map(({ line, column, sentence }) => `${line}:${column}: ${sentence}`)
}

describe('an unseen character', () => {
  it('in a text that is well is nobody\'s business', () => {
    expect(problemsOf(good)).toEqual([])
  })

  it.each([
    ['a no-break space for an indent', ['  - pause', '\u00a0 - pause'], '4:1: Here stands a no-break space (U+00A0)'],
    ['a no-break space after a list mark', ['- kill', '-\u00a0kill'], '3:4: Here stands a no-break space (U+00A0)'],
    ['a no-break space after a colon', ['kill: s1', 'kill:\u00a0s1'], '3:10: Here stands a no-break space (U+00A0)'],
    ['a narrow one', ['kill: s1', 'kill:\u202fs1'], '3:10: Here stands a narrow no-break space (U+202F)'],
    ['an ideographic space', ['  - pause', '\u3000- pause'], '4:1: Here stands an ideographic space (U+3000)'],
    ['a thin space', ['kill: s1', 'kill:\u2009s1'], '3:10: Here stands a space that is no ordinary one (U+2009)'],
    ['a zero width space in a word', ['kill:', 'ki\u200bll:'], '3:7: Here stands a zero width space (U+200B)'],
    ['a zero width joiner', ['kill:', '\u200dkill:'], '3:5: Here stands a zero width joiner (U+200D)'],
    ['a byte order mark in the middle', ['steps:', '\ufeffsteps:'], '2:1: Here stands a byte order mark (U+FEFF)'],
    ['a tab for an indent', ['  - pause', '\t- pause'], '4:1: Here stands a tab (U+0009)'],
    ['a soft hyphen', ['steps:', 'st\u00adeps:'], '2:3: Here stands a soft hyphen (U+00AD)'],
    ['a right-to-left override', ['kill:', 'kill\u202e:'], '3:9: Here stands an invisible character (U+202E)'],
    ['curly quotation marks that hold a colon', ['title: It’s', 'title: “x: It’s'], '1:8: Here stands a curly quotation mark (U+201C)'],
    ['a dash for a list mark', ['  - pause', '  – pause'], '4:3: Here stands a dash that is no hyphen (U+2013)'],
    ['a fullwidth colon', ['kill: s1', 'kill：s1'], '3:9: Here stands a fullwidth colon (U+FF1A)'],
    ['a null character', ['kill:', 'kill\u0000:'], '3:9: Here stands a null character (U+0000)'],
    ['a control character', ['kill:', 'kill\u0007:'], '3:9: Here stands a control character (U+0007)'],
    ['a tag of another plane', ['kill:', 'kill\u{e0041}:'], '3:9: Here stands an invisible character (U+E0041)'],
  ])('%s is named', (_what, [from = '', to = ''], sentence) => {
    const problems = problemsOf(good.replace(from, to))
    expect(problems[0]).toContain(sentence)
    expect(problems[0]).toMatch(/, which YAML does not take for what it looks like: [^.]+\.$/)
    expect(problems.length).toBeGreaterThan(1)
    expect(problems.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\ufeff]/)
  })

  it('that has nothing to do with what is wrong is not named', () => {
    expect(problemsOf(good.replace('pause: s2', 'pause: s9'))).toEqual(['4:12: There is no node s9.'])
    expect(problemsOf(good.replace('  - pause: s2', '  - kil: s1 # “x”\u00a0'))[0]).not.toContain('Here stands')
  })
})
