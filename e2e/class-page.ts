// The page object of the teacher's page, in a teacher's words. Only this file knows the structure of the page.
import AxeBuilder from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'

export class ClassPage {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** The entry of the lab with this number. */
  lab(number: number): Locator {
    return this.page.getByTestId(`lab-${number}`)
  }

  get summary(): Locator {
    return this.page.getByTestId('class-summary')
  }

  get problem(): Locator {
    return this.page.getByRole('alert')
  }

  /** Opens a lab read-only in a new tab; resolves with that page. */
  async watch(number: number): Promise<Page> {
    const [opened] = await Promise.all([
      this.page.context().waitForEvent('page'), this.page.getByRole('link', { name: `Watch lab ${number}, read-only, in a new tab` }).click(),
    ])
    return opened
  }

  async showAddresses(): Promise<void> {
    await this.page.getByRole('button', { name: 'Show addresses' }).click()
  }

  async useTheme(theme: 'light' | 'dark'): Promise<void> {
    if (await this.page.locator('html').getAttribute('data-theme') !== theme) await this.page.getByRole('button', { name: `Use the ${theme} theme` }).click()
  }

  async expectAccessible(): Promise<void> {
    expect((await new AxeBuilder({ page: this.page }).analyze()).violations).toEqual([])
  }
}
