// The lab as a person speaks of it: start a cluster, put a key, kill s1, what does the card say. Specs use these words alone; the page's
// structure is known here and nowhere else.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import AxeBuilder from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'

export type Outcome = { readonly state: string; readonly result: string }

export class LabPage {
  readonly page: Page
  readonly host: 'electron' | 'chromium'

  constructor(page: Page, host: 'electron' | 'chromium') {
    this.page = page
    this.host = host
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

  /** A new cluster whose servers are dead after 3 silent checks of 50 ms, so that a spec does not wait long. */
  async startQuickCluster({ replicas = 3, clients = 2 } = {}): Promise<void> {
    await this.expectView('s1', 's2')
    await this.page.keyboard.press('Control+n')
    const dialog = this.page.getByRole('dialog', { name: 'New cluster' })
    const set = (field: string, value: number): Promise<void> => dialog.getByRole('textbox', { name: field, exact: true }).fill(String(value))
    await set('Replicas', replicas)
    await set('Clients', clients)
    await set('Ping every', 50)
    await set('Dead after', 3)
    await dialog.getByRole('button', { name: /Start cluster/ }).click()
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

  /** Waits until the operation after the first `count` has ended; it must be the last one. */
  async outcome(count: number): Promise<Outcome> {
    await this.openTab('Operations')
    await expect.poll(() => this.operationCount()).toBeGreaterThan(count)
    const row = this.page.getByTestId('operation-row').last()
    await expect(row).not.toHaveAttribute('data-state', 'waiting', { timeout: 20_000 })
    return { state: await row.getAttribute('data-state') ?? '', result: (await row.getByRole('gridcell').nth(3).innerText()).trim() }
  }

  async operationCount(): Promise<number> {
    await this.openTab('Operations')
    const grid = this.page.getByRole('grid', { name: 'Operations' })
    return await grid.count() === 0 ? 0 : Number(await grid.getAttribute('aria-rowcount'))
  }

  async openTab(name: 'Operations' | 'Views' | 'Plots'): Promise<void> {
    const tab = this.page.getByRole('tab', { name: new RegExp(`^${name}`) })
    if (await tab.getAttribute('aria-selected') !== 'true') await tab.click()
  }

  async switchWorkload(): Promise<void> {
    await this.page.getByRole('switch', { name: /workload/i }).click()
  }

  /** Starts a workload of appends alone, at this rate, over `k0` to `k(keys-1)`. */
  async startAppends(rate: number, keys: number): Promise<void> {
    await this.page.getByRole('button', { name: 'Workload settings' }).click()
    const dialog = this.page.getByRole('dialog', { name: /Workload/ })
    const set = (field: string, value: number): Promise<void> => dialog.getByRole('textbox', { name: new RegExp(`^${field}`) }).fill(String(value))
    await set('Rate', rate)
    await set('Keys', keys)
    for (const type of ['put', 'get', 'delete', 'cas']) await set(type, 0)
    await set('append', 100)
    await dialog.getByRole('button', { name: /Start/ }).click()
    await expect(dialog).toBeHidden()
  }

  // ---- recordings

  /** Saves the recording and returns its text; `gzip` by the keys that ask for it. */
  async save(folder: string, gzip = false): Promise<{ path: string; text: string }> {
    // In the desktop window the fixture answers the save dialog; in a browser the page's download is taken.
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

  async open(path: string): Promise<void> {
    await this.page.getByTestId('file-picker').setInputFiles(path)
    const confirm = this.page.getByRole('button', { name: /^(Open|End it and open)/ })
    const recorded = this.page.getByText('Recorded', { exact: true })
    await expect(confirm.or(recorded).first()).toBeVisible()
    if (await confirm.isVisible()) await confirm.click()
    await expect(recorded).toBeVisible({ timeout: 30_000 })
  }

  // ---- looking

  async viewCount(): Promise<number> {
    await this.openTab('Views')
    return this.page.getByTestId('view-row').count()
  }

  async logContains(text: string): Promise<void> {
    const search = this.page.locator('[data-search]')
    await search.fill(text)
    await expect(this.page.getByTestId('log-row').first()).toBeVisible()
    await search.fill('')
  }

  /** axe finds nothing at WCAG A and AA. */
  async expectAccessible(): Promise<void> {
    const { violations } = await new AxeBuilder({ page: this.page }).setLegacyMode(this.host === 'electron').withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([])
  }
}
