// Help topics for what belongs to no single command: short, with examples and the name of the full page.
// `help`, the manual page and the completion read this list.
import type { Example } from './examples'

export interface HelpTopic {
  /** As in `understudy help NAME`. */
  readonly name: string
  /** One line, without a full stop. */
  readonly title: string
  /** Unwrapped; the display wraps each paragraph. */
  readonly paragraphs: readonly string[]
  /** Words with their meanings. */
  readonly list?: readonly (readonly [word: string, means: string])[]
  readonly examples: readonly Example[]
  /** The page of docs/ with more details; empty if there is none. */
  readonly page: string
}

export const helpTopics: readonly HelpTopic[] = [
  {
    name: 'scenarios', title: 'scripts of what happens and what must come of it', page: 'scenarios.md',
    paragraphs: [
      'A scenario is a YAML file: a cluster, steps (put, kill, pause, fault, wait ...) and what must hold. The same file runs on real processes and, in virtual time, on the simulator. Everything that is wrong with a file is told at once, with line and column.',
      'The suites that come with the lab are found from any folder by their names, with scenarios/ before them: scenarios/mit-view-service, scenarios/mit-primary-backup, scenarios/dslabs-part-1, scenarios/dslabs-part-2, scenarios/corner-cases. What lies in your own folder under the same name comes first.',
      'scenario.schema.json, beside these suites, lets an editor complete a file and mark its mistakes.',
    ],
    examples: [
      { words: 'run my.yaml --on simulator', does: 'in virtual time' },
      { words: 'run scenarios/corner-cases --report junit --out report.xml', does: 'a suite of the lab, with a report for CI' },
    ],
  },
  {
    name: 'recordings', title: 'what a session leaves: every event, in one order', page: 'recording.md',
    paragraphs: [
      'A session is written while it happens, one JSON value a line (.jsonl; .jsonl.gz is the same, packed). Inputs are recorded, states are not: the state of any process at any moment is found by stepping it again. A session that was killed leaves a last line that is cut off; readers leave it out and say so.',
      'Recordings lie in the folder recordings of the data folder (understudy help files). Every command that takes a recording takes both forms, and the window opens both.',
    ],
    examples: [
      { words: 'check session.jsonl', does: 'the rules and linearizability' },
      { words: 'compare good.jsonl bad.jsonl', does: 'where two of them part' },
      { words: 'export session.jsonl --format html --out report.html', does: 'a report to send' },
      { words: 'run my.yaml --record session.jsonl', does: 'the recording of a scenario' },
    ],
  },
  {
    name: 'faults', title: 'what can be done to messages and processes', page: 'network.md',
    paragraphs: [
      'Every message passes one place, so a fault needs no help from the nodes, and each drop, delay and copy carries its reason into the recording. Faults are set by hand in the Network tab, in the steps fault, mend and switch of a scenario, and drawn from a seed by simulate.',
    ],
    list: [
      ['cut, isolate, partition', 'nothing gets through: in one direction, to anybody else, between groups'],
      ['drop, delay, duplicate', 'with a probability: lost, late, twice'],
      ['reorder, hold', 'overtaken by the next one; kept until somebody delivers or drops it'],
      ['unreliable', 'the unreliable mode of the courses'],
      ['kill, pause, restart', 'of processes: SIGKILL, SIGSTOP, and an empty memory'],
    ],
    examples: [
      { words: 'run scenarios/corner-cases/asymmetric-deaf-primary.yaml', does: 'one direction of a link is cut' },
      { words: 'simulate --seeds 1..200 --coverage', does: 'faults of every kind, and what they reached' },
    ],
  },
  {
    name: 'histories', title: 'what clients saw, also of other tools, put in order', page: 'linearizability.md',
    paragraphs: [
      'A history is linearizable if every operation can have taken effect at one moment between its call and its return. check judges that for a recording, and with --history for a history of Jepsen or Knossos (EDN) or Porcupine (JSON). Where a history does not say what a read of a missing key gives, what keys held at the beginning, or whether a value is of one register, --missing, --initial and --model do.',
      'import makes a recording of such a history: its operations, for the window and every other command.',
    ],
    examples: [
      { words: 'check --history history.edn --initial 0', does: 'every key held 0 at the beginning' },
      { words: 'import history.edn --out history.jsonl', does: 'to look at it in the lab' },
      { words: 'export session.jsonl --format jepsen --out history.edn', does: 'a history for other checkers' },
    ],
  },
  {
    name: 'exit-status', title: 'what the number says with which a command ends', page: '',
    paragraphs: ['Data goes to standard output, sentences and progress to standard error. A command that could not run says why in one sentence.'],
    list: [
      ['0', 'all is as it should be'],
      ['1', 'judged wrong: a scenario failed, a rule is broken, two recordings differ, an operation failed or ended unknown'],
      ['2', 'could not run, or could not judge: bad words, a file that cannot be read, a search that came to its limit, a machine without what is needed (understudy doctor)'],
      ['130', 'interrupted; what had been found until then is reported'],
    ],
    examples: [{ words: 'run my.yaml || echo "status $?"', does: 'in a script' }],
  },
  {
    name: 'files', title: 'where the lab keeps files, and which variables it reads', page: 'installing.md',
    paragraphs: [
      'The data folder holds the recordings and the settings of the last cluster: ~/.local/share/understudy on Linux, ~/Library/Application Support/Understudy on macOS, %LOCALAPPDATA%\\Understudy on Windows. It is made when it is needed. Sockets and uploads lie in private folders of the temporary folder, which go when the lab ends.',
      'Relative paths mean the folder that you stand in, also under npm run and npm --prefix.',
    ],
    list: [
      ['UNDERSTUDY_DATA', 'another data folder'],
      ['XDG_DATA_HOME, HOME', 'where the data folder is without it, on Linux'],
      ['TMPDIR', 'the temporary folder'],
      ['ELECTRON_OVERRIDE_DIST_PATH', 'the folder of an Electron runtime for the window, in place of every other'],
      ['DISPLAY, WAYLAND_DISPLAY', 'where a window opens on Linux; without both the lab is served to a browser'],
    ],
    examples: [{ words: 'doctor', does: 'says whether all of them are usable' }],
  },
  {
    name: 'nodes', title: 'view server, replicas and clients without the lab', page: 'wire-protocol.md',
    paragraphs: [
      'The same nodes run by themselves, on TCP or Unix sockets, and speak a documented protocol: a client in another language can talk to them. An address is host:port or the path of a socket; every setting of the protocol is a flag. With --journal they write down what they do, and merge makes one recording of it.',
    ],
    examples: [
      { words: 'view-server --listen /tmp/vs --new-cluster --journal vs.journal', does: 'first the view server' },
      { words: 'replica --name s1 --listen /tmp/s1 --view-server /tmp/vs --journal s1.journal', does: 'then replicas' },
      { words: 'client --view-server /tmp/vs put x 1', does: 'and a client' },
      { words: 'merge vs.journal s1.journal --out run.jsonl', does: 'afterwards, for check and the window' },
    ],
  },
  {
    name: 'class', title: 'a lab for each student on one machine, and a page for the teacher', page: 'class.md',
    paragraphs: [
      'serve --class N serves N labs from one process, each with an address, a cluster and recordings of its own. The teacher\'s page lists them, hands their addresses out and opens any of them read-only.',
      'Each lab has limits: of processes, starts, disk, operations a second, and how short its intervals are. Beyond this machine it listens with --listen alone, which needs TLS or --insecure.',
    ],
    examples: [
      { words: 'serve --class 20', does: 'twenty labs on this machine' },
      { words: 'serve --class 20 --lab-rate 20 --lab-processes 7', does: 'smaller ones' },
    ],
  },
  {
    name: 'broken-rules', title: 'rules that are broken on purpose, and how', page: 'protocol.md',
    paragraphs: ['--mutant NAME breaks one sentence of the protocol, so that one sees what it is good for and which check notices. It may be given several times. Recordings and reports say so.'],
    examples: [
      { words: 'serve --mutant takes-any-forward', does: 'in the lab' },
      { words: 'simulate --mutant takes-any-forward --save found', does: 'the smallest run that shows it' },
      { words: 'help broken-rules', does: 'the names, each with what it does' },
    ],
  },
]
