// What the reader has answered, kept in this browser and nowhere else; and the boxes that show how far one is.
"use strict";

llmlabSite.store = (() => {
  const KEY = "llmlab.progress";
  const RANKS = ["failed", "passed"];
  const listeners = new Set();
  let keeps = true; // whether the browser keeps anything for this page: some refuse, most of all for files of a disk
  let edition, results;

  function read() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      return kept.edition === edition && kept.results ? kept.results : {};
    } catch {
      return {};
    }
  }

  function write() {
    try {
      if (Object.keys(results).length) localStorage.setItem(KEY, JSON.stringify({ edition, results }));
      else localStorage.removeItem(KEY);
      keeps = true;
    } catch {
      keeps = false;
    }
    listeners.forEach((listener) => listener());
  }

  window.addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    results = read(); // another page of the course has changed it
    listeners.forEach((listener) => listener());
  });

  return {
    // Results of another edition mean other exercises: they are not counted.
    begin(number) {
      edition = number;
      results = read();
      try {
        localStorage.setItem(`${KEY}.try`, "");
        localStorage.removeItem(`${KEY}.try`);
      } catch {
        keeps = false;
      }
    },
    of: (exercise) => results[exercise],
    // Passing once more is no new try, as in the notebook.
    add(exercise, status, values) {
      const before = results[exercise];
      const again = before?.last === "passed" && status === "passed";
      const best = RANKS[Math.max(RANKS.indexOf(before?.best), RANKS.indexOf(status))];
      results[exercise] = { best, last: status, tries: (before?.tries ?? 0) + (again ? 0 : 1), values };
      write();
    },
    clear() {
      results = {};
      write();
    },
    keeps: () => keeps,
    listen: (listener) => listeners.add(listener),
  };
})();

// course.js: {edition, tries, lessons: {"03": [[id, title, whether it is answered in the page], ...]}}
llmlabSite.course = ({ edition, tries, lessons }) => {
  const { element, store } = llmlabSite;
  const SIGNS = { passed: "✓ passed", failed: "✗ not yet" };
  store.begin(edition);
  llmlabSite.tries = tries;

  function summary(lesson) {
    const those = lessons[lesson].filter(([, , here]) => here);
    const passed = those.filter(([id]) => store.of(id)?.best === "passed").length;
    const tried = those.filter(([id]) => store.of(id)).length;
    return { those, passed, tried };
  }

  function ofLesson(lesson) {
    const { passed, tried, those } = summary(lesson);
    const rows = lessons[lesson].map(([id, title, here]) => {
      const link = element("a", { href: `#exercise-${id.replace(".", "-")}`, textContent: `${id} · ${title.replaceAll("`", "")}` });
      return element("li", {}, link, ` (${here ? (SIGNS[store.of(id)?.best] ?? "○ open") : "in the notebook"})`);
    });
    const answered = `${those.length} of its ${lessons[lesson].length} exercises can be answered here: `;
    return [element("p", {}, element("strong", { textContent: `→ Lesson ${lesson}` }), `, ${answered}${tried} tried, ${passed} passed.`), element("ul", {}, ...rows)];
  }

  function ofAll() {
    const rows = Object.keys(lessons).sort().map((lesson) => {
      const { those, passed } = summary(lesson);
      const bar = those.map(([id]) => (store.of(id) ? (store.of(id).best === "passed" ? "■" : "◪") : "□")).join("");
      return element("tr", {}, element("th", { scope: "row", textContent: lesson }), element("td", { textContent: bar, ariaHidden: "true" }), element("td", { textContent: `${passed} of ${those.length} passed` }));
    });
    const caption = element("caption", { textContent: "Predictions and choices answered in these pages: ■ passed, ◪ tried, □ open" });
    return [element("table", {}, caption, element("tbody", {}, ...rows))];
  }

  function clearButton() {
    const button = element("button", { type: "button", textContent: "Clear my results" });
    button.addEventListener("click", () => {
      if (button.dataset.sure) return store.clear();
      button.dataset.sure = "yes";
      button.textContent = "Press once more: those of all lessons go";
    });
    button.addEventListener("blur", () => {
      delete button.dataset.sure;
      button.textContent = "Clear my results";
    });
    return button;
  }

  function draw(box) {
    const news = store.keeps()
      ? "Kept in this browser alone; what you pass in the notebook is kept there."
      : "This browser keeps nothing for this page: results are gone when you leave it.";
    const some = Object.values(lessons).flat().some(([id]) => store.of(id));
    box.replaceChildren(...(lessons[box.dataset.lesson] ? ofLesson(box.dataset.lesson) : ofAll()), element("p", { className: "llmlab-kept", textContent: news }), ...(some ? [clearButton()] : []));
  }

  const boxes = document.querySelectorAll(".llmlab-progress");
  store.listen(() => boxes.forEach(draw));
  boxes.forEach(draw);
};

llmlabSite.load("exercises/course.js");
