// The steps of a path in words, for a person who follows it.
import type { Message } from '../../protocol'
import type { Act } from './steps'

/** An act as a sentence. */
export function actText(act: Act): string {
  switch (act.type) {
    case 'deliver': return `${act.mail.to} takes the ${messageText(act.mail.message)} from ${act.mail.from}`
    case 'drop': return `the ${messageText(act.mail.message)} from ${act.mail.from} to ${act.mail.to} is lost`
    case 'duplicate': return `the ${messageText(act.mail.message)} from ${act.mail.from} to ${act.mail.to} is doubled`
    case 'fire': return `${act.node}'s timer "${act.timer}" fires${act.times > 1 ? ' until it has sent all again' : ''}`
    case 'ask': return `${act.node} asks the view server until it sends its request again`
    case 'look': return `the view server looks, and hears of ${act.pinging.length === 0 ? 'nobody' : act.pinging.join(', ')}`
    case 'kill': return `${act.node} crashes`
    case 'restart': return `${act.node} starts again, empty`
    case 'invoke': return `${act.node} is asked for ${act.operation.type === 'append' ? 'an append' : `a ${act.operation.type}`}`
  }
}

function messageText(message: Message): string {
  switch (message.type) {
    case 'request': return `request #${message.requestId} (${message.operation.type}) of view ${message.viewnum}`
    case 'forward': return `forward of seq ${message.seq} in view ${message.viewnum}`
    case 'view-reply': return `view-reply of view ${message.view.viewnum}`
    case 'ping': return `ping of view ${message.viewnum}`
    default: return message.type
  }
}
