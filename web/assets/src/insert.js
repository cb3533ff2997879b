// <a data-insert="text" data-insert-into="#body"> puts its text into a field where the cursor is; without scripts the link
// opens the page with the text in it.
document.addEventListener("click", event => {
  const link = event.target.closest("[data-insert]")
  const field = link && document.querySelector(link.dataset.insertInto)
  if (!field) return
  event.preventDefault()
  const before = field.value.slice(0, field.selectionStart)
  const gap = before && !before.endsWith("\n") ? "\n\n" : ""
  field.focus()
  field.setRangeText(`${gap}${link.dataset.insert}\n`, field.selectionStart, field.selectionEnd, "end")
  field.dispatchEvent(new Event("input", { bubbles: true }))
})
