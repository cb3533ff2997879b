// A <textarea data-files-to="/…">: pictures and files that are pasted or dropped into it are sent at once, and the Markdown
// that shows them comes in at the cursor. <button data-piece="text" data-into="id"> puts a piece of text there,
// <button data-pick-files="id"> asks for files.
function insert(area, text) {
  area.focus()
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end")
  area.dispatchEvent(new InputEvent("input", { bubbles: true }))
}

function replace(area, mark, text) {
  const start = area.value.indexOf(mark)
  if (start < 0) return
  const end = start + mark.length
  const caret = area.selectionEnd < end ? area.selectionEnd : area.selectionEnd + text.length - mark.length
  area.setRangeText(text, start, end)
  area.setSelectionRange(caret, caret)
  area.dispatchEvent(new InputEvent("input", { bubbles: true }))
}

let count = 0
async function send(area, files) {
  const mark = `[${area.dataset.working} ${++count}]`
  const problem = document.getElementById(`${area.id}-upload`)
  problem.textContent = ""
  insert(area, mark)
  const body = new FormData()
  body.append("csrf_token", area.form.elements.csrf_token.value)
  for (const file of files) body.append("files", file, file.name || "picture.png")
  try {
    const answer = await fetch(area.dataset.filesTo, { method: "POST", body, headers: { Accept: "application/json" } })
    const said = await answer.json().catch(() => ({}))
    if (!answer.ok) throw new Error(said.error ?? area.dataset.failed)
    replace(area, mark, said.markdown.join("\n\n"))
  } catch (error) {
    replace(area, mark, "")
    problem.textContent = error.message
  }
}

// In the capture phase: the form's own list of files must not take them as well.
function take(event, files) {
  const area = event.target.closest?.("textarea[data-files-to]")
  if (!area || !files?.length) return
  event.preventDefault()
  event.stopImmediatePropagation()
  send(area, [...files])
}
document.addEventListener("paste", event => take(event, event.clipboardData.files), true)
document.addEventListener("drop", event => take(event, event.dataTransfer.files), true)

document.addEventListener("click", event => {
  const piece = event.target.closest("[data-piece]")
  if (piece) insert(document.getElementById(piece.dataset.into), piece.dataset.piece)
  const picker = event.target.closest("[data-pick-files]")
  if (!picker) return
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true })
  input.addEventListener("change", () => send(document.getElementById(picker.dataset.pickFiles), [...input.files]))
  input.click()
})
