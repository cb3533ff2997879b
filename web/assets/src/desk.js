import "./portal.js"
import "./selection.js"
import "./hotkeys.js"
