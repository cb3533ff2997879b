// <form data-bulk>: [data-bulk-all] picks the page, Shift picks a range, [data-bulk-bar] appears with [data-bulk-count]
// ("{n} selected").
const picks = form => [...form.querySelectorAll("input.pick")]
const last = new WeakMap()

function show(form) {
  const boxes = picks(form)
  const chosen = boxes.filter(box => box.checked).length
  const all = form.querySelector("[data-bulk-all]")
  all.checked = chosen > 0 && chosen === boxes.length
  all.indeterminate = chosen > 0 && chosen < boxes.length
  form.querySelector("[data-bulk-bar]").hidden = chosen === 0
  const count = form.querySelector("[data-bulk-count]")
  count.textContent = count.dataset.bulkCount.replace("{n}", chosen)
}

function range(form, from, to, checked) {
  const boxes = picks(form)
  const [first, final] = [boxes.indexOf(from), boxes.indexOf(to)].sort((one, other) => one - other)
  if (first >= 0) boxes.slice(first, final + 1).forEach(box => { box.checked = checked })
}

document.addEventListener("click", event => {
  const form = event.target.closest?.("[data-bulk]")
  if (!form) return
  if (event.target.matches("[data-bulk-all]")) picks(form).forEach(box => { box.checked = event.target.checked })
  else if (event.target.closest("[data-bulk-none]")) picks(form).forEach(box => { box.checked = false })
  else if (!event.target.matches("input.pick")) return
  else {
    if (event.shiftKey && last.has(form)) range(form, last.get(form), event.target, event.target.checked)
    last.set(form, event.target)
  }
  show(form)
})
const refresh = () => document.querySelectorAll("[data-bulk]").forEach(show)
document.addEventListener("htmx:after:swap", refresh)
refresh()
