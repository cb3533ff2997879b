// <button data-theme-toggle hidden>: switches light and dark, and remembers it in a cookie that the server reads.
const root = document.documentElement
const prefersDark = () => matchMedia("(prefers-color-scheme: dark)").matches
const isDark = () => root.dataset.bsTheme === "dark" || (root.dataset.bsTheme === "auto" && prefersDark())

function choose(theme) {
  root.dataset.bsTheme = theme
  const secure = location.protocol === "https:" ? "; secure" : ""
  document.cookie = `fd_theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`
}

function reflect(button) {
  button.hidden = false
  button.setAttribute("aria-pressed", isDark())
}

const buttons = document.querySelectorAll("[data-theme-toggle]")
buttons.forEach(button => {
  reflect(button)
  button.addEventListener("click", () => { choose(isDark() ? "light" : "dark"); buttons.forEach(reflect) })
})
