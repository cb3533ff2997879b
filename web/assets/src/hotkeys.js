// Keys are declared on the control they press: <a data-key="g i">, <button data-key="e">; the help sheet is read from
// the page, so it cannot lie. j, k, x and Enter move through a list marked [data-rows]. <body data-keys="off"> turns
// everything off.
import { createKeybindingsHandler } from "tinykeys"

const sheet = document.getElementById("keys")
const usable = element => element.getClientRects().length > 0 && !element.disabled
const keyed = () => [...document.querySelectorAll("[data-key]")]
const pressable = key => keyed().find(element => element.dataset.key === key && usable(element))
const words = element => element.textContent.trim().replace(/\s+/g, " ")
const label = element => element.dataset.keyLabel || element.getAttribute("aria-label") || words(element)

function press(key) {
  const control = pressable(key)
  if (!control) return false
  const isChoice = control.matches("[type=radio], [type=checkbox]")
  if (isChoice || !control.matches("input, textarea, select")) control.click()
  else control.focus()
  // Choosing what to write, a reply or a note, is the start of writing it.
  if (isChoice) control.form?.querySelector("textarea")?.focus()
  return true
}

function rows() {
  const all = [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")]
  return { all, current: all.findIndex(row => row.classList.contains("is-current")) }
}

function step(by) {
  const { all, current } = rows()
  if (!all.length) return
  const next = all[Math.max(0, Math.min(all.length - 1, current + by))]
  all[current]?.classList.remove("is-current")
  next.classList.add("is-current")
  next.querySelector("a")?.focus()
}

function pick(shift) {
  const { all, current } = rows()
  all[current]?.querySelector("input.pick")?.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: shift }))
}

function help() {
  sheet.querySelector("[data-keys-here]").replaceChildren(...keyed().filter(usable).flatMap(line))
  sheet.showModal()
}

function line(element) {
  const name = Object.assign(document.createElement("dt"), { textContent: label(element) })
  const shown = element.dataset.key.replace("$mod", "Ctrl/⌘")
  const key = Object.assign(document.createElement("kbd"), { textContent: shown })
  const place = document.createElement("dd")
  place.append(key)
  return [name, place]
}

const bindings = {
  j: () => step(1), k: () => step(-1), x: () => pick(false), "Shift+x": () => pick(true), "[Shift]+?": help,
}
const isTyping = event => !event.ctrlKey && !event.metaKey &&
  event.target.matches?.("input:not(.pick), textarea, select, [contenteditable]")
const ignored = event => event.isComposing || event.repeat || document.body.dataset.keys === "off" ||
  document.querySelector("dialog[open]") || isTyping(event)

function declared() {
  // Only the first match is pressed, so that a sequence must stand before the single key that ends it: "g i" before "i".
  const keys = [...new Set(keyed().map(element => element.dataset.key))]
    .sort((one, other) => other.includes(" ") - one.includes(" "))
  return Object.fromEntries(keys.map(key => [key, event => { if (press(key)) event.preventDefault() }]))
}

let handler
const bind = () => { handler = createKeybindingsHandler({ ...declared(), ...bindings }, { ignore: ignored }) }
document.addEventListener("htmx:after:swap", bind)
document.addEventListener("keydown", event => handler(event))
bind()
