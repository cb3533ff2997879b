import "./portal.js"
import "./selection.js"
import "./hotkeys.js"
import "@github/markdown-toolbar-element"
