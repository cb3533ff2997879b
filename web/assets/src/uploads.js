// <div data-uploads> around a native file input: drop and paste, names and sizes with a remove button, limits checked
// before sending. Limits and words come as data-max-files, data-max-bytes, data-too-many, data-too-big and data-remove
// (the last two with "{name}").
const size = bytes => bytes < 1048576 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1048576).toFixed(1)} MB`

function assign(input, files) {
  const transfer = new DataTransfer()
  files.forEach(file => transfer.items.add(file))
  input.files = transfer.files
}

function complaint(zone, files) {
  if (files.length > zone.dataset.maxFiles) return zone.dataset.tooMany
  const big = files.find(file => file.size > zone.dataset.maxBytes)
  return big && zone.dataset.tooBig.replace("{name}", big.name)
}

function line(zone, input, file) {
  const item = document.createElement("li")
  const name = Object.assign(document.createElement("span"), { textContent: `${file.name} · ${size(file.size)}` })
  const remove = document.createElement("button")
  Object.assign(remove, { type: "button", className: "btn btn-quiet btn-small", textContent: "×" })
  remove.setAttribute("aria-label", zone.dataset.remove.replace("{name}", file.name))
  remove.addEventListener("click", () => {
    assign(input, [...input.files].filter(other => other !== file))
    show(zone, input)
    input.focus()
  })
  item.append(name, remove)
  return item
}

function show(zone, input) {
  const files = [...input.files]
  const problem = complaint(zone, files) || ""
  input.setCustomValidity(problem)
  zone.querySelector("[data-upload-error]").textContent = problem
  zone.querySelector(".file-list").replaceChildren(...files.map(file => line(zone, input, file)))
  chosen.set(input, files)
}

const chosen = new WeakMap()
const identity = file => `${file.name}/${file.size}/${file.lastModified}`

// The browser replaces the earlier choice when someone picks again; people expect it to be added.
function add(zone, input, files) {
  const before = chosen.get(input) ?? []
  const known = new Set(before.map(identity))
  assign(input, [...before, ...files.filter(file => !known.has(identity(file)))])
  show(zone, input)
}

const found = event => {
  const inForm = event.target.closest?.("form")?.querySelector("[data-uploads]")
  const zone = event.target.closest?.("[data-uploads]") ?? inForm
  return zone && { zone, input: zone.querySelector("input[type=file]") }
}
document.addEventListener("change", event => {
  const zone = event.target.type === "file" && event.target.closest("[data-uploads]")
  if (zone) add(zone, event.target, [...event.target.files])
})
document.addEventListener("paste", event => {
  const target = event.clipboardData.files.length && found(event)
  if (target) { event.preventDefault(); add(target.zone, target.input, [...event.clipboardData.files]) }
})
for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, event => {
    const target = event.dataTransfer?.types.includes("Files") && found(event)
    if (!target) return
    event.preventDefault()
    target.zone.classList.toggle("is-over", type === "dragover")
    if (type === "drop") add(target.zone, target.input, [...event.dataTransfer.files])
  })
}
