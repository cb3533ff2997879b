// Success messages leave after a while, not while someone reads or uses them; failures stay. The server may add one to
// any htmx answer: HX-Trigger: {"toast": {"text": "…", "tone": "success"}}.
const region = document.querySelector(".toasts")

function dismissLater(toast) {
  if (toast.classList.contains("tone-danger")) return
  const leave = () => toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove()
  setTimeout(leave, 7000)
}

function add({ text, tone = "success" }) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true)
  toast.classList.add(`tone-${tone}`)
  toast.querySelector("p").textContent = text
  region.append(toast)
  dismissLater(toast)
}

if (region) {
  region.querySelectorAll(".toast").forEach(dismissLater)
  region.addEventListener("click", event => event.target.closest("[data-close]")?.closest(".toast").remove())
  document.addEventListener("toast", event => add(event.detail))
  document.addEventListener("htmx:error", () => add({ text: region.dataset.offline, tone: "danger" }))
  document.addEventListener("htmx:response:error", event => {
    if (event.detail.ctx.response.status >= 500) add({ text: region.dataset.failed, tone: "danger" })
  })
}
