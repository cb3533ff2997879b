// Every form: sent once, however often the button is pressed. Also counts characters (data-counter) and brings the
// focus to a summary of errors.
const isBusy = form => form.getAttribute("aria-busy") === "true"

document.addEventListener("submit", event => {
  const form = event.target
  if (form.method === "dialog" || form.matches("[data-download]")) return
  if (isBusy(form)) { event.preventDefault(); event.stopImmediatePropagation(); return }
  form.setAttribute("aria-busy", "true")
}, true)

const release = form => form?.removeAttribute("aria-busy")
document.addEventListener("htmx:finally:request", event => release(event.detail.ctx.sourceElement.closest("form")))
addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(release))

function count(field) {
  const place = document.getElementById(field.dataset.counter)
  if (place) place.textContent = place.dataset.words.replace("{n}", field.maxLength - field.value.length)
}
document.addEventListener("input", event => { if (event.target.dataset?.counter) count(event.target) })

const countAll = () => document.querySelectorAll("[data-counter]").forEach(count)
const showErrors = () => document.querySelector(".error-summary")?.focus()
document.addEventListener("htmx:after:swap", event => {
  countAll()
  if (event.detail.ctx.response?.status === 422) showErrors()
})
countAll()
showErrors()
