// The parts of an explorer on the page, in the order in which they are read.

import { element, labelled } from "./dom.js";

export function makePage(el, { title, task, has_more }, uid, { bar, quietBar }) {
  const part = (tag, kind, properties = {}) => element(tag, { className: `llmlab-${kind}`, ...properties });
  const fold = (name, ...inside) => element("details", {}, element("summary", { textContent: name }), ...inside);

  const busy = part("span", "busy", { textContent: "computing …", hidden: true });
  const mark = part("span", "mark"), distance = part("span", "distance");
  const status = part("p", "status", {});
  status.append(mark, distance);
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
  // The picture's height only grows while controls move: what stands below it does not jump.
  const stage = element("div", { className: "llmlab-stage" }, element("div", {}, picture, why));
  const body = element("div", { className: "llmlab-body" }, // where it is narrow, the picture comes before its controls
    element("h4", { className: "llmlab-title" }, title, busy),
    part("p", "task", { textContent: task }), status, note, bar, stage, question, folds);
  const root = labelled(element("section", { className: "llmlab-explorer llmlab-live" }, body, bubble, spoken), { "aria-label": title });
  el.append(root);
  return { root, busy, mark, distance, status, note, stage, picture, why, question, numbers, more, words, code, bubble, spoken, reset };
}

// Keep the stage as high as it has been, until the width changes or `release` is called.
export function holdHeight(stage) {
  let width = 0, highest = 0;
  const inner = stage.firstElementChild;
  const observer = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== width) highest = 0;
    width = contentRect.width;
    if (contentRect.height <= highest) return;
    highest = contentRect.height;
    stage.style.minHeight = `${highest}px`;
  });
  observer.observe(inner);
  return {
    release() {
      highest = 0;
      stage.style.minHeight = "";
    },
    end: () => observer.disconnect(),
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
