// Swallows `input` while an input method composes and fires one when it commits. Must load before htmx: without it
// search-as-you-type asks the server for half-typed pinyin.
let composing = false
addEventListener("compositionstart", () => { composing = true }, true)
addEventListener("compositionend", event => {
  composing = false
  event.target.dispatchEvent(new InputEvent("input", { bubbles: true }))
}, true)
addEventListener("input", event => {
  if (composing && event.isComposing) event.stopImmediatePropagation()
}, true)
