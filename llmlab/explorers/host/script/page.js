// The parts of an explorer on the page, in the order in which they are read.

import { element, labelled } from "./dom.js";

export function makePage(el, { title, task, has_more }, uid, { bar, quietBar }) {
  const part = (tag, kind, properties = {}) => element(tag, { className: `llmlab-${kind}`, ...properties });
  const fold = (name, ...inside) => element("details", {}, element("summary", { textContent: name }), ...inside);

  const busy = part("span", "busy", { textContent: "computing …", hidden: true });
  const mark = part("span", "mark"), distance = part("span", "distance");
  const status = element("p", { className: "llmlab-status" }, mark, distance);
  const note = part("p", "note");
  const picture = labelled(part("div", "frame llmlab-hero", { tabIndex: -1 }), { role: "group", "aria-label": `${title}: the picture`, "aria-describedby": `${uid}-words` });
  const why = part("div", "frame llmlab-why");
  const question = part("div", "question", { hidden: true });
  const more = part("div", "frame llmlab-more");
  const words = part("p", "words", { id: `${uid}-words` });
  const code = element("pre", { tabIndex: 0 });
  const bubble = part("div", "tip", { hidden: true });
  const spoken = labelled(part("p", "spoken"), { role: "status" }); // what is read out; seen by nobody
  const reset = element("button", { type: "button", textContent: "Reset" });
  bar.append(reset);

  const numbers = fold("All the numbers", more);
  const folds = element("div", { className: "llmlab-folds" },
    ...(has_more ? [numbers] : []),
    ...(quietBar.children.length ? [fold("The same as sliders", quietBar)] : []),
    fold("In words", words), fold("Python for this state", code));
  // The picture's height only grows while controls move: what stands below it does not jump. A note comes and goes, so
  // its place is here too, and not above the controls.
  const stage = element("div", { className: "llmlab-stage" }, element("div", {}, picture, why, note));
  const goal = element("div", {}, element("div", {}, status)); // likewise: a longer distance takes one line more
  const body = element("div", { className: "llmlab-body" }, // where it is narrow, the picture comes before its controls
    element("h4", { className: "llmlab-title" }, title, busy),
    part("p", "task", { textContent: task }), goal, bar, stage, question, folds);
  const root = labelled(element("section", { className: "llmlab-explorer llmlab-live" }, body, bubble, spoken), { "aria-label": title });
  el.append(root);
  return { root, busy, mark, distance, status, note, stage, goal, picture, why, question, numbers, more, words, code, bubble, spoken, reset };
}

const HOLE = 48; // px; a lower gap below the picture is not seen as one, and stays
const LOW_FOR = 1200; // ms that a picture has to be lower until its place gives way

// Keep a part of the page as high as its content has been, so that nothing below it jumps while a control is moved;
// until `release` is called, the width changes, or the content has been much lower for a while, with no finger down and
// nothing `playing`.
export function holdHeight(outer, playing) {
  let width = 0, highest = 0, timer = null, down = false;
  const inner = outer.firstElementChild;
  const hold = (height) => (outer.style.minHeight = `${(highest = height)}px`);

  function giveWay() {
    timer = setTimeout(() => {
      if (down || playing()) return giveWay();
      hold(inner.offsetHeight);
    }, LOW_FOR);
  }

  const observer = new ResizeObserver(([{ contentRect }]) => {
    clearTimeout(timer);
    if (contentRect.width !== width || contentRect.height > highest) hold(contentRect.height);
    else if (contentRect.height < highest - HOLE) giveWay();
    width = contentRect.width;
  });
  observer.observe(inner);
  const onDown = () => (down = true), onUp = () => (down = false);
  const pointer = [["pointerdown", onDown], ["pointerup", onUp], ["pointercancel", onUp]];
  pointer.forEach(([event, does]) => window.addEventListener(event, does, true));
  return {
    release() {
      highest = 0;
      outer.style.minHeight = "";
    },
    end() {
      observer.disconnect();
      clearTimeout(timer);
      pointer.forEach(([event, does]) => window.removeEventListener(event, does, true));
    },
  };
}

// The question that follows a reached target: one press, one verdict; all answers may be tried.
export function showQuestion(node, question, say) {
  const key = JSON.stringify(question ?? null);
  if (node.dataset.shown === key) return;
  node.dataset.shown = key;
  node.hidden = !question;
  node.replaceChildren();
  if (!question) return;
  const verdict = element("p", { className: "llmlab-verdict" });
  const buttons = question.answers.map(([answer, right, reason]) => {
    const button = labelled(element("button", { type: "button", textContent: answer }), { "aria-pressed": "false" });
    button.addEventListener("click", () => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", other === button));
      verdict.textContent = `${right ? "✓" : "✗"} ${reason}`;
      verdict.classList.toggle("llmlab-right", right);
      say(verdict.textContent);
    });
    return button;
  });
  node.append(element("p", { className: "llmlab-asked", textContent: question.text }), element("div", { className: "llmlab-answers" }, ...buttons), verdict);
}
