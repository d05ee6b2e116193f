// A lesson on paper: what is folded as an answer stays folded where it is asked, and stands at the end, on a page of its
// own that can be left out. Without scripts it stays folded.
"use strict";

(() => {
  const { element } = llmlabSite;
  const NO_ANSWER = ".further, .llmlab-explorer *, .exercise-card *, .cell *"; // nor are hints, solutions, code
  const paper = matchMedia("print");
  let answers;

  function begin() {
    if (answers) return;
    const folds = [...document.querySelectorAll("article details:not([open])")];
    const those = folds.filter((fold) => !fold.matches(NO_ANSWER));
    if (!those.length) return;
    const parts = those.map((fold) => {
      const [summary, ...rest] = fold.cloneNode(true).childNodes;
      return element("div", {}, element("p", { className: "answers-question" }, ...summary.childNodes), ...rest);
    });
    answers = element("section", { className: "answers" }, element("h2", { textContent: "Answers" }), ...parts);
    document.querySelector("article").append(answers);
  }

  function end() {
    answers?.remove();
    answers = undefined;
  }

  window.addEventListener("beforeprint", begin);
  window.addEventListener("afterprint", end);
  paper.addEventListener("change", () => (paper.matches ? begin() : end()));
  if (paper.matches) begin();
})();
