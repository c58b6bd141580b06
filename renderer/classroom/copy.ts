// Puts text on the clipboard. It also works on a page without TLS, where browsers offer no clipboard API.

/** False if the browser refused. */
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text).then(() => true, () => false)
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  document.body.append(field)
  field.select()
  // The only way to copy on a page without TLS.
  const isCopied = document.execCommand('copy')
  field.remove()
  return isCopied
}
