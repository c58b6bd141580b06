// The page object of the lab, in a person's words: start a cluster, put a key, kill s1, read the card.
// Specs use only these words; only this file knows the structure of the page.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import AxeBuilder from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'

/** The outcome of an operation as its row shows it; `result` does not say whether the reply came from the at-most-once table. */
export type Outcome = { readonly state: string; readonly result: string }

export class LabPage {
  readonly page: Page
  readonly host: 'electron' | 'chromium'

  constructor(page: Page, host: 'electron' | 'chromium') {
    this.page = page
    this.host = host
  }

  // ---- the session

  /** The number of the shown session, on the window itself. */
  get #window(): Locator {
    return this.page.locator('.window')
  }

  /** Does what shows another session, and returns when the window shows it: the old one may look just like it. */
  async #toNextSession(act: (next: Locator) => Promise<void>): Promise<void> {
    const session = await this.#window.getAttribute('data-session') ?? ''
    await act(this.page.locator(`.window:not([data-session="${session}"])`))
    await expect(this.#window).not.toHaveAttribute('data-session', session)
  }

  // ---- the cluster

  get viewCard(): Locator {
    return this.page.getByTestId('view-card')
  }

  process(name: string): Locator {
    return this.page.locator(`[data-process="${name}"]`)
  }

  /** Waits until the acked view has this primary (and backup). */
  async expectView(primary: string, backup?: string): Promise<void> {
    await expect(this.viewCard).toHaveAttribute('data-acked', 'true')
    await expect(this.process(primary)).toHaveAttribute('data-says', 'primary')
    if (backup !== undefined) await expect(this.process(backup)).toHaveAttribute('data-says', 'backup')
    await expect(this.viewCard).toHaveAttribute('data-acked', 'true')
  }

  async act(what: 'Kill' | 'Pause' | 'Resume' | 'Restart', name: string): Promise<void> {
    await this.page.getByRole('button', { name: `${what} ${name}`, exact: true }).click()
  }

  async openNewCluster(): Promise<Locator> {
    await this.page.keyboard.press('Control+n')
    const dialog = this.page.getByRole('dialog', { name: 'New cluster' })
    await expect(dialog).toBeVisible()
    return dialog
  }

  /** The programs in the New cluster dialog. */
  get programRows(): Locator {
    return this.page.getByTestId('program-row')
  }

  /** Adds a program in the New cluster dialog; gives its row. */
  async addProgram({ who, command, folder = '' }: { who: string; command: string; folder?: string }): Promise<Locator> {
    const row = this.programRows.nth(await this.programRows.count())
    await this.page.getByTestId('program-add').click()
    await row.getByLabel(/^node of/).selectOption(who)
    await row.getByLabel(/^command of/).fill(command)
    await row.getByLabel(/^folder of/).fill(folder)
    return row
  }

  /**
   * A new cluster whose servers are dead after 12 silent checks of 50 ms: short to wait for, long enough for a busy machine. `broken`: a rule.
   * `programs`: each is seen in full before it runs.
   */
  async startQuickCluster({ replicas = 3, clients = 2, broken = '', programs = [] as readonly { who: string; command: string }[] } = {}): Promise<void> {
    await this.expectView('s1', 's2')
    const dialog = await this.openNewCluster()
    const set = (field: string, value: number): Promise<void> => dialog.getByRole('textbox', { name: field, exact: true }).fill(String(value))
    await set('Replicas', replicas)
    await set('Clients', clients)
    await set('Ping every', 50)
    await set('Dead after', 12)
    if (broken !== '') await dialog.getByTestId('cluster-broken').selectOption(broken)
    for (const program of programs) {
      const row = await this.addProgram(program)
      await expect(row.getByTestId('program-runs')).toContainText(`${program.who} runs ${program.command.replaceAll('\'', '')} in `)
      await expect(dialog.getByTestId('no-sandbox')).toContainText('The lab is no sandbox.')
    }
    await this.#toNextSession(() => dialog.getByRole('button', { name: /Start cluster/ }).click())
    await expect(dialog).toBeHidden()
    await expect(this.process(`s${replicas}`)).toHaveAttribute('data-life', 'up')
    await this.expectView('s1', 's2')
  }

  // ---- operations

  /** Sends an operation from the Send panel and waits for its row to end. */
  async send(operation: 'put' | 'append' | 'get' | 'delete', key: string, value = '', to = ''): Promise<Outcome> {
    const send = this.page.locator('[data-panel="send"]')
    const before = await this.operationCount()
    await send.getByRole('radio', { name: operation, exact: true }).click()
    await send.getByLabel('key', { exact: true }).fill(key)
    if (operation === 'put' || operation === 'append') await send.getByLabel('value', { exact: true }).fill(value)
    await send.getByLabel('to', { exact: true }).selectOption(to === '' ? '' : to)
    await send.getByRole('button', { name: 'Send', exact: true }).click()
    return this.outcome(before)
  }

  /** Waits until the operation after the first `count` has ended; there must be no later one. */
  async outcome(count: number): Promise<Outcome> {
    await this.openTab('Operations')
    await expect.poll(() => this.operationCount()).toBeGreaterThan(count)
    const row = this.page.getByTestId('operation-row').last()
    await expect(row).not.toHaveAttribute('data-state', 'waiting', { timeout: 60_000 })
    const result = (await row.getByRole('gridcell').nth(3).innerText()).trim()
    // A lost or late earlier reply makes the at-most-once table answer; any network may do that, so the result leaves it out.
    return { state: await row.getAttribute('data-state') ?? '', result: result.replace(/, from the table$/, '') }
  }

  /** The rows of the Operations tab that are in view. */
  get operationRows(): Locator {
    return this.page.getByTestId('operation-row')
  }

  async operationCount(): Promise<number> {
    await this.openTab('Operations')
    const grid = this.page.getByRole('grid', { name: 'Operations' })
    return await grid.count() === 0 ? 0 : Number(await grid.getAttribute('aria-rowcount'))
  }

  async openTab(name: 'Log' | 'Operations' | 'Views' | 'Plots' | 'Inboxes' | 'Scenario' | 'Watch' | 'Compare' | 'Rules' | 'History'): Promise<void> {
    const tab = this.page.getByRole('tab', { name: new RegExp(`^${name}`) })
    if (await tab.getAttribute('aria-selected') !== 'true') await tab.click()
  }

  /** Sends an operation and does not wait for its outcome. */
  async sendOnly(operation: 'put' | 'append', key: string, value: string): Promise<void> {
    const send = this.page.locator('[data-panel="send"]')
    await send.getByRole('radio', { name: operation, exact: true }).click()
    await send.getByLabel('key', { exact: true }).fill(key)
    await send.getByLabel('value', { exact: true }).fill(value)
    await send.getByRole('button', { name: 'Send', exact: true }).click()
  }

  async switchWorkload(): Promise<void> {
    await this.page.getByRole('switch', { name: /workload/i }).click()
  }

  /** Starts a workload of appends only, at this rate, over `k0` to `k(keys-1)`; each client may have `inFlight` of them in flight. */
  async startAppends(rate: number, keys: number, inFlight = 4): Promise<void> {
    await this.page.getByRole('button', { name: 'Workload settings' }).click()
    const dialog = this.page.getByRole('dialog', { name: /Workload/ })
    const set = (field: string, value: number): Promise<void> => dialog.getByRole('textbox', { name: new RegExp(`^${field}`) }).fill(String(value))
    await set('Rate', rate)
    await set('Keys', keys)
    await set('In flight', inFlight)
    for (const type of ['put', 'get', 'delete', 'cas']) await set(type, 0)
    await set('append', 100)
    await dialog.getByRole('button', { name: /Start/ }).click()
    await expect(dialog).toBeHidden()
  }

  // ---- the network

  link(from: string, to: string): Locator {
    return this.page.locator(`[data-link="${from}>${to}"]`)
  }

  get faults(): Locator {
    return this.page.getByTestId('fault')
  }

  /** Adds a fault with the dialog; `fill` sets what the effect needs. */
  async addFault(effect: string, fill: (dialog: Locator) => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.page.getByRole('button', { name: '+ Fault', exact: true }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Add a fault' })
    await dialog.getByTestId('fault-effect').selectOption(effect)
    await fill(dialog)
    await dialog.getByRole('button', { name: /^Add/ }).click()
    await expect(dialog).toBeHidden()
  }

  /** Adds a fault for one link from the network panel. */
  async addLinkFault(effect: 'drop' | 'delay', { from, to, ms, times }: { from: string; to: string; ms?: number; times?: number }): Promise<void> {
    await this.page.getByRole('button', { name: '+ Fault', exact: true }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Add a fault' })
    await dialog.getByTestId('fault-effect').selectOption(effect)
    await dialog.getByTestId('fault-from').selectOption(from)
    await dialog.getByTestId('fault-to').selectOption(to)
    if (effect === 'drop') await dialog.getByTestId('fault-percent').fill('100')
    if (ms !== undefined) await dialog.getByTestId('fault-ms').fill(String(ms))
    if (times !== undefined) {
      await dialog.getByText('Only some messages, and when').click()
      await dialog.getByLabel('the next').fill(String(times))
    }
    await dialog.getByRole('button', { name: /^Add/ }).click()
    await expect(dialog).toBeHidden()
  }

  /** Adds a partition: two sides that cannot reach each other. */
  async partition(one: readonly string[], other: readonly string[]): Promise<void> {
    await this.page.getByRole('button', { name: 'Partition…' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Add a fault' })
    for (const name of one) await dialog.getByTestId(`side-${name}`).selectOption('left')
    for (const name of other) await dialog.getByTestId(`side-${name}`).selectOption('right')
    await dialog.getByRole('button', { name: /^Add/ }).click()
    await expect(dialog).toBeHidden()
  }

  async mendAll(): Promise<void> {
    await this.page.getByTestId('mend-all').click()
    await expect(this.faults).toHaveCount(0)
  }

  /** Sets a break condition: the cluster freezes when a message of this kind is sent. */
  async freezeWhenSent(kind: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Freeze when…' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Freeze when…' })
    await dialog.getByTestId('break-kind').selectOption(kind)
    await dialog.getByRole('button', { name: /^Set/ }).click()
    await expect(dialog).toBeHidden()
  }

  /** Sets a break condition: the cluster freezes when a rule is broken. */
  async freezeWhenRuleBroken(): Promise<void> {
    await this.page.getByRole('button', { name: 'Freeze when…' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Freeze when…' })
    await dialog.getByTestId('break-on').selectOption('rule-broken')
    await expect(dialog).toContainText('Freezes when a rule is broken.')
    await dialog.getByRole('button', { name: /^Set/ }).click()
    await expect(dialog).toBeHidden()
  }

  /** Opens it by its key and waits for the focus: a letter typed before the field has the focus would be a key of the window. */
  async openPalette(): Promise<void> {
    await expect(this.page.getByRole('button', { name: /^Command palette/ })).toBeVisible()
    await this.page.keyboard.press('Control+k')
    await expect(this.page.getByRole('dialog').getByRole('combobox')).toBeFocused()
  }

  /** Runs a command by its title from the palette and returns when it has run: the palette closes first, and runs the command in a later task. */
  async command(title: string): Promise<void> {
    await this.openPalette()
    await this.page.keyboard.type(title)
    await this.page.getByRole('option', { name: title }).first().click()
    await this.page.evaluate(() => new Promise((done) => { setTimeout(done) }))
  }

  // ---- a frozen cluster

  get chip(): Locator {
    return this.page.getByTestId('session-chip')
  }

  async freeze(): Promise<void> {
    // The button and not Space, because a focused field or button would take the key.
    await this.page.getByRole('button', { name: 'Freeze', exact: true }).click()
    await this.expectFrozen()
  }

  /** Waits until the events tell of the freeze too: then the window brings the inboxes to the front, which have all that waits. */
  async expectFrozen(): Promise<void> {
    await expect(this.chip).toContainText('Frozen')
    await expect(this.page.getByRole('tab', { name: /Inboxes/ })).toHaveAttribute('aria-selected', 'true')
    await expect(this.page.getByRole('region', { name: 'Frozen timers' })).toBeVisible()
  }

  async thaw(): Promise<void> {
    await this.page.keyboard.press('Space')
    await expect(this.chip).not.toContainText('Frozen')
  }

  /** The messages of the inboxes whose rows are on screen. */
  get messages(): Locator {
    return this.page.getByTestId('inbox-row')
  }

  get selectedMessage(): Locator {
    return this.page.locator('[data-test="inbox-row"][aria-selected="true"]')
  }

  /** How many messages wait, as shown on the tab. */
  async inboxCount(): Promise<number> {
    return Number((await this.page.getByRole('tab', { name: /^Inboxes/ }).innerText()).replace(/\D/g, ''))
  }

  /** The only message whose row has this text, anywhere in the list; scrolls it into view. */
  async findMessage(text: string): Promise<Locator> {
    const message = this.messages.filter({ hasText: text })
    const list = this.page.getByTestId('inboxes').locator('.message-rows')
    await expect.poll(async () => {
      for (let page = 0, isEnd = false; !isEnd; page++) {
        isEnd = await list.evaluate((box, pages) => {
          box.scrollTop = pages * box.clientHeight / 2
          return box.scrollTop + box.clientHeight >= box.scrollHeight - 1
        }, page)
        // A row is drawn in the frame after it scrolled into view.
        await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
        if (await message.count() === 1) return true
      }
      return false
    }, { message: `a message "${text}"` }).toBe(true)
    return message
  }

  /** Clicks a message (-1: the last on screen) and presses the key of an act; resolves when its row is gone (for a copy: when the act is reported). */
  async actOnMessage(row: number, key: 'Enter' | 'd' | 'u'): Promise<void> {
    await this.messages.nth(row).click()
    // Takes the message that is selected in the end: effects of an earlier act may still move the rows.
    const id = await this.selectedMessage.getAttribute('data-message') ?? ''
    const message = this.page.locator(`[data-message="${id}"]`)
    // The sentence of an earlier act may be the same.
    const earlier = await this.said.evaluateAll(([shown]) => shown?.getAttribute('data-key') ?? '')
    await this.page.keyboard.press(key)
    const said = { Enter: /^Delivered: /, d: /^Dropped: /, u: /^A copy waits: / }[key]
    await expect(this.page.locator(`[data-test="said"]:not([data-key="${earlier}"])`)).toHaveText(said)
    if (key !== 'u') await expect(message).toHaveCount(0)
  }

  // ---- scenarios

  get steps(): Locator {
    return this.page.getByTestId('scenario-row')
  }

  /** Plays one of the lab's scenarios, found by searching for these words. */
  async playScenario(words: string): Promise<void> {
    await this.page.keyboard.press('Control+k')
    await this.page.getByRole('combobox').fill('Run a scenario')
    await this.page.keyboard.press('Enter')
    await this.page.getByTestId('scenario-search').fill(words)
    await expect(this.page.getByTestId('scenario-option')).toHaveCount(1)
    await this.#toNextSession(() => this.page.getByTestId('scenario-run').click())
    await expect(this.page.getByRole('dialog')).toBeHidden()
  }

  /** Opens a scenario of a person's own whose nodes are programs, up to the dialog that asks for them. */
  async openScenarioPrograms(path: string): Promise<Locator> {
    await this.command('Run a scenario')
    await this.page.getByTestId('scenario-file').setInputFiles(path)
    const dialog = this.page.getByRole('dialog', { name: 'Programs of this scenario' })
    await expect(dialog).toBeVisible()
    return dialog
  }

  // ---- the diagram

  /** Shows several seconds instead of one, so that an event is still in view when a spec looks for it. */
  async zoomOut(): Promise<void> {
    for (let press = 0; press < 5; press++) await this.page.keyboard.press('-')
  }

  /** Brings the whole session into view. */
  async showAll(): Promise<void> {
    await this.page.keyboard.press('0')
  }

  /** A lane of the diagram as a screen reader reads it: a row for each lane, a cell for each event in view. */
  lane(name: string): Locator {
    return this.page.getByRole('grid', { name: /^Space-time/ }).getByRole('row').filter({ has: this.page.getByRole('rowheader', { name: new RegExp(`^${name},`) }) })
  }

  /** Waits until the canvas shows more than its background. */
  async expectDrawn(): Promise<void> {
    await expect.poll(() => this.page.getByTestId('diagram').locator('canvas').evaluate((canvas) => {
      const drawn = canvas as HTMLCanvasElement
      // Reads a copy, because browsers warn on the console when a canvas is read back more than once.
      const copy = new OffscreenCanvas(drawn.width, drawn.height).getContext('2d', { willReadFrequently: true })
      copy?.drawImage(drawn, 0, 0)
      const data = copy?.getImageData(0, 0, drawn.width, drawn.height).data ?? new Uint8ClampedArray()
      const colours = new Set<number>()
      for (let at = 0; at < data.length; at += 16) colours.add((data[at] ?? 0) << 16 | (data[at + 1] ?? 0) << 8 | (data[at + 2] ?? 0))
      return colours.size
    })).toBeGreaterThan(20)
  }

  async diagramTells(lane: string, words: string | RegExp): Promise<void> {
    await expect(this.lane(lane).getByRole('gridcell').filter({ hasText: words }).first()).toBeAttached()
  }

  async diagramTellsNot(lane: string, words: RegExp): Promise<void> {
    await expect(this.lane(lane)).toBeAttached()
    await expect(this.lane(lane).getByRole('gridcell').filter({ hasText: words })).toHaveCount(0)
  }

  /** Selects an event of a lane by keyboard, as a screen reader does. */
  async chooseInDiagram(lane: string, words: RegExp): Promise<void> {
    const cell = this.lane(lane).getByRole('gridcell').filter({ hasText: words }).last()
    // Cells move as the session goes on, so the event is identified by its seq from here on.
    const seq = await cell.getAttribute('data-seq')
    const held = this.page.locator(`[role="gridcell"][data-seq="${seq}"]`)
    await held.focus()
    await held.press('Enter')
    await expect(held).toHaveAttribute('aria-selected', 'true')
  }

  async savePicture(as: 'SVG' | 'PNG', folder: string): Promise<string> {
    const known = new Set(readdirSync(folder))
    const download = this.host === 'chromium' ? this.page.waitForEvent('download') : undefined
    await this.page.getByRole('button', { name: as, exact: true }).click()
    let path = ''
    if (download) {
      const taken = await download
      path = join(folder, taken.suggestedFilename())
      await taken.saveAs(path)
    }
    await expect.poll(() => {
      const name = readdirSync(folder).find((entry) => !known.has(entry) && entry.endsWith(`.${as.toLowerCase()}`))
      if (name) path = join(folder, name)
      return path !== '' && readFileSync(path).length > 1000
    }).toBe(true)
    return path
  }

  // ---- time travel and search

  /** What the inspector shows as selected. */
  get selected(): Locator {
    return this.page.getByRole('region', { name: 'Selected', exact: true })
  }

  get searchField(): Locator {
    return this.page.locator('[data-search]')
  }

  /** Presses a key of the window; the focus must not be in a field. */
  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key)
  }

  /** Puts the focus on a process, as after a click on it. */
  async focusElsewhere(): Promise<void> {
    await this.process('vs').getByRole('button').first().focus()
  }

  /** The number of the event at the cursor; 0 at the tail. */
  async cursorSeq(): Promise<number> {
    const text = await this.page.getByTestId('cursor').innerText()
    return Number(/#([\d\s\u2009]+)/.exec(text)?.[1]?.replace(/\D/g, '') ?? 0)
  }

  async chooseUnit(unit: 'event' | 'message' | 'view' | 'failure'): Promise<void> {
    await this.page.getByTestId('travel-unit').selectOption(unit)
  }

  async search(text: string): Promise<void> {
    await this.searchField.fill(text)
  }

  async watchKey(key: string, becomes: string): Promise<void> {
    await this.openTab('Watch')
    await this.page.getByTestId('watch-key').fill(key)
    await this.page.getByTestId('watch-becomes').fill(becomes)
    await this.page.getByRole('button', { name: 'Watch', exact: true }).click()
  }

  // ---- the inspector, and branches

  /** Shows a process in the inspector, by a click on its row. */
  async selectProcess(name: string): Promise<void> {
    await this.process(name).click()
    await expect(this.nodeState).toHaveAttribute('aria-label', `State of ${name}`)
  }

  get nodeState(): Locator {
    return this.page.getByTestId('node-state')
  }

  /** Starts a live session from the moment at the cursor. */
  async branchHere(): Promise<void> {
    await this.#toNextSession(() => this.page.getByRole('button', { name: 'Branch here', exact: true }).click())
    await expect(this.page.getByText('Recorded', { exact: true })).toBeHidden()
  }

  // ---- recordings

  /** Saves the recording and returns its text; `gzip`: with the keys for a packed file. */
  async save(folder: string, gzip = false): Promise<{ path: string; text: string }> {
    // In the desktop window the fixture answers the save dialog; in a browser the test saves the page's download.
    const download = this.host === 'chromium' ? this.page.waitForEvent('download') : undefined
    const known = new Set(readdirSync(folder))
    await this.page.keyboard.press(gzip ? 'Control+Shift+s' : 'Control+s')
    let path = ''
    if (download) {
      const taken = await download
      path = join(folder, taken.suggestedFilename())
      await taken.saveAs(path)
    }
    await expect(this.page.getByText(/is saved\.$/).first()).toBeVisible()
    await expect.poll(() => {
      const name = readdirSync(folder).find((entry) => !known.has(entry) && /\.jsonl(\.gz)?$/.test(entry))
      if (name) path = join(folder, name)
      return path
    }).not.toBe('')
    const read = (): Buffer => readFileSync(path)
    await expect.poll(() => (gzip ? read().subarray(0, 2).toString('hex') : read().toString('utf8').slice(0, 13)), { message: 'the file is whole' }).toBe(gzip ? '1f8b' : '{"understudy"')
    return { path, text: gzip ? gunzipSync(read()).toString('utf8') : read().toString('utf8') }
  }

  // ---- exports

  get exportDialog(): Locator {
    return this.page.getByRole('dialog', { name: 'Export' })
  }

  get said(): Locator {
    return this.page.getByTestId('said')
  }

  async openExport(): Promise<Locator> {
    await this.page.keyboard.press('Control+e')
    await expect(this.exportDialog).toBeVisible()
    return this.exportDialog
  }

  /** Exports the session, or the events `from` to `to`, and returns the file that was saved. */
  async export(folder: string, format: 'html' | 'csv' | 'mermaid' | 'jepsen', range?: { from: number; to: number }): Promise<{ name: string; text: string }> {
    const dialog = await this.openExport()
    await dialog.getByTestId(`export-${format}`).click()
    if (range) {
      await dialog.getByTestId('export-from').fill(String(range.from))
      await dialog.getByTestId('export-to').fill(String(range.to))
    }
    const name = (await dialog.getByTestId('export-name').innerText()).trim()
    const download = this.host === 'chromium' ? this.page.waitForEvent('download') : undefined
    await dialog.getByTestId('export-run').click()
    await expect(dialog).toBeHidden()
    if (download) await (await download).saveAs(join(folder, name))
    await expect(this.said).toContainText(`${name} is saved.`)
    return { name, text: readFileSync(join(folder, name), 'utf8') }
  }

  async open(path: string): Promise<void> {
    // A window without a connection to the lab refuses a file.
    // Blanks are allowed for, because a regular expression is compared with the chip's text as it stands in the page.
    await expect(this.chip).not.toHaveText(/^\s*(Connecting|Reconnecting|Not connected)\s*$/)
    await this.#toNextSession(async (next) => {
      await this.page.getByTestId('file-picker').setInputFiles(path)
      const confirm = this.page.getByRole('dialog').getByRole('button', { name: /^(Open|End it and open)/ })
      await expect(confirm.or(next).first()).toBeVisible()
      if (await confirm.isVisible()) await confirm.click()
    })
    await expect(this.page.getByText('Recorded', { exact: true })).toBeVisible()
  }

  /** Opens a recording and waits for all its events, because it is shown while it is still being read. */
  async openWhole(path: string): Promise<void> {
    await this.open(path)
    const bytes = readFileSync(path)
    const events = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split('\n').length - 1
    await expect.poll(async () => digitsOf(await this.page.getByTestId('event-count').innerText())).toBe(events)
  }

  // ---- reading the page

  async eventCount(): Promise<number> {
    return digitsOf(await this.page.getByTestId('event-count').innerText())
  }

  async viewCount(): Promise<number> {
    await this.openTab('Views')
    return this.page.getByTestId('view-row').count()
  }

  async logContains(text: string): Promise<void> {
    await this.openTab('Log')
    const search = this.page.locator('[data-search]')
    await search.fill(text)
    await expect(this.page.getByTestId('log-row').first()).toBeVisible()
    await search.fill('')
  }

  // ---- rules

  /** One of the rules 1 to 6; `data-standing` says how it stands. */
  rule(number: number): Locator {
    return this.page.locator(`[data-test="rule-row"][data-rule="rule-${number}"]`)
  }

  // ---- exploring

  get exploreDialog(): Locator {
    return this.page.getByRole('dialog', { name: 'Explore every order' })
  }

  /** Opens the form: from a new cluster, or from the event at the cursor. */
  async openExplore(from: 'new' | 'here'): Promise<Locator> {
    await this.command(from === 'new' ? 'Explore every order from a new cluster' : 'Explore every order from here')
    await expect(this.exploreDialog).toBeVisible()
    return this.exploreDialog
  }

  /** Fills in the form and starts the exploration. */
  async explore({ goal = '', program = '', broken = '' }: { goal?: string; program?: string; broken?: string }): Promise<void> {
    if (goal !== '') await this.exploreDialog.getByText(goal, { exact: true }).click()
    if (program !== '') await this.exploreDialog.getByTestId('explore-program').fill(program)
    if (broken !== '') await this.exploreDialog.getByTestId('explore-broken').selectOption(broken)
    await this.exploreDialog.getByTestId('explore-begin').click()
    await expect(this.exploreDialog.getByTestId('explore-form')).toHaveCount(0)
  }

  /** The sentence about the end of the exploration; `data-end` says how it ended. */
  get explored(): Locator {
    return this.exploreDialog.getByTestId('explore-end')
  }

  /** The steps that lead to what was found. */
  get foundWay(): Locator {
    return this.exploreDialog.getByTestId('explore-way').getByRole('listitem')
  }

  /** The text about an exploration in the status line. */
  get exploring(): Locator {
    return this.page.getByTestId('exploring')
  }

  // ---- the history

  /** The sentence about the whole history; `data-standing` says how it stands. */
  get history(): Locator {
    return this.page.getByTestId('history-head')
  }

  /** The history as a screen reader reads it: a cell for each operation in view. */
  get historyCells(): Locator {
    return this.page.getByRole('grid', { name: /^History/ }).getByRole('gridcell')
  }

  /** Waits until `count` operations in view have a point. */
  async expectPoints(count: number): Promise<void> {
    await expect(this.page.getByTestId('history-drawing')).toHaveAttribute('data-placings', String(count))
  }

  // ---- two recordings

  /** Compares the session with a file; resolves when both are read. */
  async compareWith(path: string): Promise<void> {
    await this.page.getByTestId('compare-picker').setInputFiles(path)
    await expect(this.differences).toBeVisible()
  }

  async compareWithParent(): Promise<void> {
    await this.openTab('Compare')
    await this.page.getByTestId('compare-parent').click()
    await expect(this.differences).toBeVisible()
  }

  /** The position of the cursor among the differences, in words. */
  get differences(): Locator {
    return this.page.getByTestId('compare-place')
  }

  /** The rows of the comparison that are on screen; `data-state` says how their events differ. */
  get comparedRows(): Locator {
    return this.page.getByTestId('compare-row')
  }

  get comparedRow(): Locator {
    return this.page.locator('[data-test="compare-row"].current')
  }

  // ---- very long recordings

  /** Waits until all events are in the window. */
  async expectEvents(count: number): Promise<void> {
    await expect.poll(async () => digitsOf(await this.page.getByTestId('log-count').innerText()), { timeout: 220_000 }).toBe(count)
  }

  /** Moves the cursor to an event by its seq, through the palette. */
  async goToEvent(seq: number): Promise<void> {
    await this.page.keyboard.press('Control+k')
    const dialog = this.page.getByRole('dialog')
    await dialog.getByRole('combobox').fill(`#${seq}`)
    await this.page.keyboard.press('Enter')
    await expect(dialog).toBeHidden()
  }

  async expectCursor(seq: number): Promise<void> {
    await expect.poll(async () => digitsOf((await this.page.getByTestId('cursor').innerText()).split('#')[1] ?? '')).toBe(seq)
  }

  /** Scrolls the log to a share of its length. */
  async scrollLog(share: number): Promise<void> {
    await this.page.getByRole('grid', { name: 'Log', exact: true }).evaluate((grid, to) => { grid.scrollTop = to * grid.scrollHeight }, share)
  }

  /** Expects no axe findings at WCAG A and AA, after all short transitions have ended, because their intermediate colours do not matter. */
  async expectAccessible(): Promise<void> {
    await this.page.evaluate(async () => {
      const short = document.getAnimations().filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime))
      await Promise.allSettled(short.map(({ finished }) => finished))
    })
    const { violations } = await new AxeBuilder({ page: this.page }).setLegacyMode(this.host === 'electron').withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([])
  }
}

/** Parses a number as it is shown, with thin spaces between thousands. */
const digitsOf = (text: string): number => Number(text.replace(/\D/g, ''))
