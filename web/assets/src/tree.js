// <div id="tree" data-tree="/…/{id}/move">: its <li data-item> are dragged by their rows, onto the upper or lower part of
// another row to stand before or behind it, onto its middle to go into it. With data-flat there is no middle, and `article`
// tells what is moved. The buttons in each row do the same without a mouse; this only saves steps.
let dragged

const rowAt = event => event.target.closest?.("[data-tree] .tree-row")
const token = () => document.querySelector("input[name=csrf_token]").value

function clear() {
  document.querySelectorAll(".tree-row[data-drop]").forEach(row => row.removeAttribute("data-drop"))
}

function placeOn(row, event) {
  const box = row.getBoundingClientRect()
  const share = (event.clientY - box.top) / box.height
  if (row.closest("[data-flat]")) return share < .5 ? "before" : "behind"
  return share < .3 ? "before" : share > .7 ? "behind" : "into"
}

// Behind an item is before its next neighbour, or at the end.
function where(item, place) {
  const parent = item.parentElement.closest("[data-item]")?.dataset.item ?? ""
  if (place === "into") return { parent: item.dataset.item, before: "" }
  let next = place === "before" ? item : item.nextElementSibling
  if (next === dragged) next = next.nextElementSibling
  return { parent, before: next?.dataset.item ?? "" }
}

async function move(tree, item, target) {
  const id = item.dataset.item
  const body = new URLSearchParams({ ...target, article: id, csrf_token: token() })
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" }
  const answer = await fetch(tree.dataset.tree.replace("{id}", id), { method: "POST", body, headers })
  const text = await answer.text()
  const page = new DOMParser().parseFromString(text, "text/html")
  if (!answer.ok) {
    const said = page.querySelector("p")?.textContent ?? page.body.textContent
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: said.trim(), tone: "danger" } }))
    return
  }
  tree.replaceWith(document.adoptNode(page.getElementById("tree")))
  window.htmx?.process(document.getElementById("tree"))
}

document.addEventListener("dragstart", event => {
  const row = rowAt(event)
  if (!row) return
  dragged = row.parentElement
  event.dataTransfer.effectAllowed = "move"
  event.dataTransfer.setData("text/plain", row.querySelector("a").textContent)
})
document.addEventListener("dragover", event => {
  const row = dragged && rowAt(event)
  clear()
  if (!row || dragged.contains(row)) return
  event.preventDefault()
  row.dataset.drop = placeOn(row, event)
})
document.addEventListener("drop", event => {
  const row = dragged && rowAt(event)
  if (!row || dragged.contains(row)) return
  event.preventDefault()
  move(row.closest("[data-tree]"), dragged, where(row.parentElement, placeOn(row, event)))
})
document.addEventListener("dragend", () => { clear(); dragged = undefined })
