// Examples of every command, for its help and for the manual page. A test parses each example with its command.

export interface Example {
  /** The words after `understudy`, in shell syntax. */
  readonly words: string
  /** What they do, without a full stop. */
  readonly does: string
}

const examples: Readonly<Record<string, readonly Example[]>> = {
  open: [
    { words: '', does: 'the lab, in a window if there can be one' },
    { words: 'open --web --port 8080', does: 'in a browser, on a port that stays the same' },
  ],
  serve: [
    { words: 'serve', does: 'the lab in a browser; the address is printed' },
    { words: 'serve --no-open --port 8080', does: 'for a browser that is opened by hand' },
    { words: 'serve --class 20', does: 'a lab for each of twenty students, and a page for their teacher' },
    { words: 'serve --class 20 --listen 0.0.0.0 --tls-cert cert.pem --tls-key key.pem', does: 'the same for machines of their own' },
    { words: 'serve --mutant takes-any-forward', does: 'new clusters break a rule on purpose' },
  ],
  run: [
    { words: 'run my.yaml', does: 'one scenario, on real processes' },
    { words: 'run my.yaml --on simulator', does: 'in virtual time, the same every time' },
    { words: 'run homework/ --report json junit html --out report', does: 'a folder, with three reports for a course\'s CI' },
    { words: 'run scenarios/mit-view-service', does: 'a suite that comes with the lab, from any folder' },
  ],
  test: [
    { words: 'test --bin ./echo -w echo', does: 'a program of yours, asked for ten seconds' },
    { words: 'test --bin "python3 node.py" -w broadcast --node-count 5 --rate 50 --nemesis partition,kill --seed night', does: 'five nodes under faults, the same ones again with the same seed' },
    { words: 'test --bin ./store -w lin-kv --node-count 3 --until-failure', does: 'until an answer is wrong; the recording is kept' },
  ],
  check: [
    { words: 'check session.jsonl', does: 'were the rules kept, and is what clients saw linearizable' },
    { words: 'check --history history.edn --missing nil', does: 'a history of Jepsen or Knossos' },
  ],
  conformance: [{ words: 'conformance session.jsonl', does: 'every node stepped again, its effects compared' }],
  compare: [{ words: 'compare good.jsonl bad.jsonl --rows 40', does: 'two recordings from their first difference' }],
  export: [
    { words: 'export session.jsonl --format html --out report.html', does: 'a report to send' },
    { words: 'export session.jsonl --format mermaid --from 900 --to 1200', does: 'a part of it as a sequence diagram, to standard output' },
  ],
  import: [{ words: 'import history.edn --out history.jsonl', does: 'another tool\'s history, to open in the lab' }],
  simulate: [
    { words: 'simulate --seeds 1..2000', does: 'two thousand random fault runs, every one judged' },
    { words: 'simulate --seeds 1..100 --mutant takes-any-forward --save found', does: 'with a broken rule; the bad run is made small and saved' },
  ],
  explore: [
    { words: 'explore --replicas 2 --depth 12', does: 'every order of what can happen in 12 steps' },
    { words: 'explore --mutant takes-any-forward --record found.jsonl', does: 'the shortest way to a broken rule, as a recording' },
  ],
  rerun: [{ words: 'rerun found.jsonl --times 5', does: 'a counterexample on real processes, five times' }],
  mutants: [{ words: 'mutants --only takes-any-forward --seeds 50', does: 'what catches one broken rule' }],
  'view-server': [{ words: 'view-server --listen 127.0.0.1:7000 --new-cluster', does: 'a view server of its own' }],
  replica: [{ words: 'replica --name s1 --listen 127.0.0.1:7001 --view-server 127.0.0.1:7000', does: 'a replica that pings it' }],
  client: [
    { words: 'client --view-server 127.0.0.1:7000 put x 1', does: 'one operation, and its answer' },
    { words: 'client --view-server 127.0.0.1:7000 view', does: 'who is primary, and who is backup' },
  ],
  merge: [{ words: 'merge vs.journal s1.journal c.journal --out run.jsonl', does: 'what nodes wrote with --journal, as one recording' }],
  bench: [
    { words: 'bench throughput --rounds 3 --table', does: 'one bench of the suite, as a table' },
    { words: 'bench rules --rounds 1', does: 'what watching the rules costs' },
  ],
  doctor: [
    { words: 'doctor', does: 'what is there, what is missing, and how it is had' },
    { words: 'doctor --json', does: 'the same for a program' },
  ],
  completion: [
    { words: 'completion bash > ~/.local/share/bash-completion/completions/understudy', does: 'bash, for every new shell' },
    { words: 'completion zsh > "${fpath[1]}/_understudy"', does: 'zsh' },
    { words: 'completion fish > ~/.config/fish/completions/understudy.fish', does: 'fish' },
  ],
  man: [{ words: 'man > understudy.1', does: 'the page as a file, for man -l understudy.1' }],
  help: [
    { words: 'help run', does: 'a command with all its options' },
    { words: 'help exit-status', does: 'a topic' },
  ],
}

/** Empty for a command without examples. */
export function examplesOf(command: string): readonly Example[] {
  return Object.hasOwn(examples, command) ? examples[command] ?? [] : []
}

/** The whole command line of an example. */
export function exampleLine({ words }: Example): string {
  return words === '' ? 'understudy' : `understudy ${words}`
}

/** The examples at the end of a command's help; empty if it has none. */
export function examplesText(command: string): string {
  return exampleLines(examplesOf(command))
}

/** A heading and two lines for each example. */
export function exampleLines(shown: readonly Example[]): string {
  if (shown.length === 0) return ''
  return `\n${shown.length === 1 ? 'Example' : 'Examples'}:\n${shown.map((example) => `  ${exampleLine(example)}\n      ${example.does}`).join('\n')}\n`
}
