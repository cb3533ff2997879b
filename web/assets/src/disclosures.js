// Menus (<details class="menu">) close on Escape, on a click elsewhere and on their own items;
// <button data-dialog="id"> opens a <dialog>, [data-close] and a click on its backdrop close it;
// <button data-copy="text" data-copied="Copied"> copies.
const openMenus = () => document.querySelectorAll("details.menu[open]")

document.addEventListener("click", event => {
  openMenus().forEach(menu => {
    if (!menu.contains(event.target) || event.target.closest("a, button")) menu.open = false
  })
  const opener = event.target.closest("[data-dialog]")
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal()
  const closer = event.target.closest("dialog [data-close]") ?? (event.target.matches("dialog[open]") && event.target)
  if (closer) closer.closest("dialog").close()
  const copier = event.target.closest("[data-copy]")
  if (copier) copy(copier)
})

document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return
  openMenus().forEach(menu => { menu.open = false; menu.querySelector("summary").focus() })
})

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy)
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: button.dataset.copied } }))
}
