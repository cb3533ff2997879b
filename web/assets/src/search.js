// <form data-search> with an input that htmx fills a [role=listbox] from: keys, and no request for a query too short to
// mean anything.
import Combobox from "@github/combobox-nav"

const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const isLongEnough = text => han.test(text) || text.trim().length >= 2
const comboboxes = new WeakMap()

function parts(element) {
  const form = element.closest?.("[data-search]")
  return form && { input: form.querySelector("input[type=search]"), list: form.querySelector("[role=listbox]") }
}

function combobox({ input, list }) {
  if (!comboboxes.has(input)) comboboxes.set(input, new Combobox(input, list, { tabInsertsSuggestions: false }))
  return comboboxes.get(input)
}

function close({ input, list }) {
  if (list.hidden) return
  combobox({ input, list }).stop()
  list.hidden = true
}

function open({ input, list }) {
  const isWanted = isLongEnough(input.value) && document.activeElement === input
  if (!isWanted || !list.querySelector("[role=option]")) return close({ input, list })
  if (list.hidden) combobox({ input, list }).start()
  list.hidden = false
}

document.addEventListener("htmx:config:request", event => {
  const search = parts(event.target)
  if (!search || event.target !== search.input || isLongEnough(search.input.value)) return
  event.preventDefault()
  close(search)
})
document.addEventListener("htmx:after:swap", () => {
  const search = document.activeElement && parts(document.activeElement)
  if (search?.list) open(search)
})
document.addEventListener("keydown", event => {
  const search = event.key === "Escape" && parts(event.target)
  if (search?.list) close(search)
})
document.addEventListener("focusout", event => {
  const search = parts(event.target)
  if (search?.list && !event.target.closest("[data-search]").contains(event.relatedTarget)) close(search)
})
document.addEventListener("focusin", event => {
  const search = parts(event.target)
  if (search?.list && event.target === search.input) open(search)
})
// Without this, pressing the mouse on an option would blur the field and close the list before the click.
document.addEventListener("mousedown", event => {
  if (event.target.closest("[data-search] [role=listbox]")) event.preventDefault()
})
