// Light and dark: the system's choice, until the person makes one; choosing what the system says gives it back.

const KEY = "sampan-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

const chosen = () => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be switched off
  }
};

function show() {
  const theme = chosen();
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const dark = theme ? theme === "dark" : system.matches;
  document.getElementById("theme")?.setAttribute("aria-pressed", String(dark));
  return dark;
}

function toggle() {
  const wanted = show() ? "light" : "dark";
  try {
    if ((wanted === "dark") === system.matches) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    document.documentElement.dataset.theme = wanted;
    return;
  }
  show();
}

show();
system.addEventListener("change", show);
document.addEventListener("DOMContentLoaded", show);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#theme")) toggle();
});
