// Light, dark, or as the system.

import { byId } from "./elements.js";

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const KEPT_AS = "taskcli-theme";

/** @param {string} theme */
function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `Theme: ${theme}`;
}

export const showRememberedTheme = () => showTheme(remembered());

export function nextTheme() {
  const now = THEMES.findIndex((theme) => theme === document.documentElement.dataset.theme);
  const theme = THEMES[(now + 1) % THEMES.length];
  showTheme(theme);
  try {
    localStorage.setItem(KEPT_AS, theme);
  } catch { /* a browser may forbid pages from files to remember */ }
}

function remembered() {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEPT_AS)) ?? "auto";
  } catch {
    return "auto";
  }
}
