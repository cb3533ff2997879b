// Where a row of tabs is wider than the screen, the present one is brought into sight.
document.querySelectorAll(".tabs [aria-current], .platform-top nav [aria-current]").forEach(tab => {
  const row = tab.closest("nav")
  row.scrollLeft = Math.max(0, tab.offsetLeft + tab.offsetWidth - row.offsetLeft - row.clientWidth + 24)
})
