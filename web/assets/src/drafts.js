// <form data-draft="ticket-7-reply">: keeps typed text in this browser until the server has it. A draft goes when an
// htmx answer is below 400, or when the page after a plain POST shows a success message or a [data-draft-sent].
// <form data-clear-drafts> (sign out) drops all.
const prefix = "draft:"
const pending = "draft-pending"
const fields = "textarea, input:is([type=text], [type=email], [type=tel], [type=url], :not([type]))"
const texts = form => [...form.querySelectorAll(fields)]
  .filter(field => field.name && !field.closest("[data-no-draft]"))

function save(form) {
  const changed = texts(form).filter(field => field.value !== field.defaultValue)
  const values = Object.fromEntries(changed.map(field => [field.name, field.value]))
  if (changed.length) localStorage.setItem(prefix + form.dataset.draft, JSON.stringify(values))
  else drop(form.dataset.draft)
}

function restore(form) {
  const values = JSON.parse(localStorage.getItem(prefix + form.dataset.draft) ?? "{}")
  texts(form).filter(field => !field.value && values[field.name]).forEach(field => {
    field.value = values[field.name]
    field.dispatchEvent(new Event("input", { bubbles: true }))
  })
}

const drop = key => localStorage.removeItem(prefix + key)
const dropAll = () => Object.keys(localStorage).filter(key => key.startsWith(prefix))
  .forEach(key => localStorage.removeItem(key))

function settle() {
  const key = sessionStorage.getItem(pending)
  sessionStorage.removeItem(pending)
  if (key && document.querySelector("[data-draft-sent], .toast.tone-success")) drop(key)
}

let timer
document.addEventListener("input", event => {
  const form = event.target.closest?.("form[data-draft]")
  if (!form) return
  clearTimeout(timer)
  timer = setTimeout(save, 300, form)
})
document.addEventListener("submit", event => {
  if (event.target.matches("[data-clear-drafts]")) dropAll()
  if (!event.target.matches("[data-draft]")) return
  clearTimeout(timer)
  save(event.target)
  sessionStorage.setItem(pending, event.target.dataset.draft)
})
document.addEventListener("htmx:after:request", event => {
  const { sourceElement, response } = event.detail.ctx
  const form = sourceElement.closest("form[data-draft]")
  if (form && sourceElement === form && response.status < 400) { clearTimeout(timer); drop(form.dataset.draft) }
})
document.addEventListener("htmx:after:swap", () => document.querySelectorAll("form[data-draft]").forEach(restore))

settle()
document.querySelectorAll("form[data-draft]").forEach(restore)
