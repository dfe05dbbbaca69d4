/** Deeper than anything that is meant: what is read of such a document would cost far more than its length. */
const DEEPEST = 10_000

/** True when arrays and objects lie in each other deeper than any answer has them. Text that is no JSON gives either. */
export function isTooDeep(text: string): boolean {
  return text.length > DEEPEST && opensOften(text) && nestsDeep(text)
}

/** Most long texts have few brackets, and the platform finds those far quicker than a loop of ours. */
function opensOften(text: string): boolean {
  let left = DEEPEST
  for (const bracket of ['[', '{'])
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) if (--left < 0) return true
  return false
}

function nestsDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === QUOTE) at = endOfString(text, at)
    else if (character === OPEN_LIST || character === OPEN_OBJECT) {
      if (++depth > DEEPEST) return true
    } else if (character === CLOSE_LIST || character === CLOSE_OBJECT) depth--
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Index of the quote that closes the string, or of the text's end. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}
