// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import TabList from './TabList.vue'

const tabs = [{ name: 'operations', title: 'Operations' }, { name: 'views', title: 'Views' }, { name: 'plots', title: 'Plots' }] as const

describe('a row of tabs', () => {
  it('has one tab stop, on the chosen tab', () => {
    const list = mount(TabList, { props: { tabs, chosen: 'views', label: 'Panels', idPrefix: 'x' } })
    expect(list.findAll('[role="tab"]').map((tab) => [tab.attributes('tabindex'), tab.attributes('aria-selected')])).toEqual([['-1', 'false'], ['0', 'true'], ['-1', 'false']])
  })

  it('is moved through by arrows, around the ends, and by Home and End', async () => {
    const list = mount(TabList, { props: { tabs, chosen: 'plots', label: 'Panels', idPrefix: 'x' } })
    for (const key of ['ArrowRight', 'ArrowLeft', 'Home', 'End', 'x']) await list.find('[role="tablist"]').trigger('keydown', { key })
    expect(list.emitted('choose')).toEqual([['operations'], ['views'], ['operations'], ['plots']])
  })
})
