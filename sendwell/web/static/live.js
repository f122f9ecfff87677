// Keeps the part of a page that is marked data-live up to date while somebody looks at it.
// It asks for the same page again: what it shows is what a reload would show.

const PERIOD_MS = 2000;
const LONGEST_MS = 60000;

const region = document.querySelector("[data-live]");
const toggle = document.querySelector("[data-live-toggle]");
let isOn = true;
let wait = PERIOD_MS;

/** Nothing moves while somebody works in it: has the focus there, or has text selected. */
function isInUse() {
  const selection = document.getSelection();
  const isSelected = selection && !selection.isCollapsed && selection.containsNode(region, true);
  return region.contains(document.activeElement) || Boolean(isSelected);
}

async function fetchRegion() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(`HTTP ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("[data-live]");
}

async function refresh() {
  if (!isOn || document.hidden || isInUse()) return;
  try {
    const fresh = await fetchRegion();
    if (fresh && !isInUse() && fresh.innerHTML !== region.innerHTML) {
      region.replaceChildren(...fresh.childNodes);
    }
    wait = PERIOD_MS;
  } catch {
    wait = Math.min(wait * 2, LONGEST_MS);
  }
}

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, wait);
}

if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    isOn = !isOn;
    toggle.setAttribute("aria-pressed", String(isOn));
  });
}
if (region) setTimeout(keepFresh, PERIOD_MS);
