// What lights up under the pointer or the focus, here and elsewhere; nothing of it is ever sent.
//   data-link="a b"   all that share a word light up together
//   data-tip="..."    words in a bubble
// The bubble also says why a mark does nothing, so that nothing on the page moves for it.

export function lights(root, bubble) {
  let at = null; // what the pointer or the focus is on
  let lit = "";

  function link(words) {
    lit = words;
    const all = new Set(words.split(" ").filter(Boolean));
    root.classList.toggle("llmlab-lighting", all.size > 0);
    for (const other of root.querySelectorAll("[data-link]")) {
      const on = all.size > 0 && other.dataset.link.split(" ").some((word) => all.has(word));
      if (on !== other.hasAttribute("data-lit")) other.toggleAttribute("data-lit", on);
    }
  }

  function tip(node, words = node?.dataset.tip) {
    bubble.hidden = !node;
    if (!node) return;
    bubble.textContent = words;
    const place = node.getBoundingClientRect(), home = root.getBoundingClientRect();
    const half = bubble.offsetWidth / 2 + 4;
    const middle = Math.min(Math.max(place.x + place.width / 2 - home.x, half), home.width - half);
    bubble.style.left = `${middle}px`;
    bubble.style.top = `${place.y - home.y}px`;
  }

  function on(node) {
    at = node;
    link(node?.closest?.("[data-link]")?.dataset.link ?? "");
    tip(node?.closest?.("[data-tip]") ?? null);
  }

  // Only inside pictures: the controls have labels. What a mouse presses is under the pointer anyway.
  const inside = (event) => event.target.closest(".llmlab-frame") && on(event.target);
  root.addEventListener("pointerover", (event) => (event.target.closest(".llmlab-frame") ? on(event.target) : at && on(null)));
  root.addEventListener("pointerleave", () => on(null));
  root.addEventListener("focusin", inside);
  root.addEventListener("focusout", () => on(null));
  root.addEventListener("keydown", (event) => event.key === "Escape" && on(null));

  return {
    // After a new frame: it knows nothing of what was lit.
    again() {
      if (at && !root.contains(at)) at = null;
      if (at || lit || !bubble.hidden) on(at);
    },
    tell: tip,
  };
}
