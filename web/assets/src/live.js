// Live regions poll with hx-trigger="every 20s" hx-swap="outerMorph" data-live. Nobody looks at a hidden tab, so it
// does not ask; and a field someone changed is marked, so that the morph leaves it alone even when it has lost the focus
// (config: morphSkip in layout.html).
document.addEventListener("htmx:config:request", event => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault()
})
document.addEventListener("input", event => {
  if (event.target.closest?.("[data-live]")) event.target.setAttribute("data-dirty", "")
})
