// Predictions and choices, answered in the page. What is said to an answer was rendered by the exercise's own check
// (site/verdicts.py): here an answer is only looked up, and put where the verdict repeats it.
"use strict";

// ---- looking up -------------------------------------------------------------------------------------------------
llmlabSite.verdict = (() => {
  // As the checks write values: Python's spelling.
  const show = (value) => {
    if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
    if (typeof value === "string") return `'${value}'`;
    const small = value !== 0 && Math.abs(value) < 1e-4;
    return small ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : String(value);
  };
  const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt()};`);

  // `read` are the fields' {cell, value}; gives the status and the box without its folds.
  return ({ fields, joined, texts, places }, read) => {
    const at = fields.reduce((place, { cells }, field) => place * cells + read[field].cell, 0);
    const [status, template] = texts[places.charCodeAt(at) - "0".charCodeAt()];
    const values = read.map(({ value }) => value);
    const answer = joined ? values.join("") : values.length === 1 ? values[0] : values;
    const html = template.replace(/\{(a|\d)\}/g, (_, place) => escaped(show(place === "a" ? answer : values[place])));
    return { status, html };
  };
})();

// ---- in the page ------------------------------------------------------------------------------------------------
// <lesson>.js: {"03.1": {title, fields, joined, reason, texts, places, hints, solution}, ...}
llmlabSite.exercises = (those) => {
  const { element, store } = llmlabSite;

  // The options as the task has them, a list or lines of code, taken out of the task: they become what is pressed. One
  // list for several fields stays where it is read.
  function linesOf(place, options) {
    for (const list of place.querySelectorAll("ul")) {
      const items = [...list.children].map((item) => (item.children.length === 1 && item.firstElementChild.tagName === "P" ? item.firstElementChild : item));
      if (items.length !== options.length || !items.every((item, at) => item.firstElementChild?.tagName === "STRONG" && item.firstElementChild.textContent === String(options[at]))) continue;
      list.remove();
      return items.map((item) => [...item.childNodes]);
    }
    for (const block of place.querySelectorAll("pre")) {
      const lines = block.textContent.trimEnd().split(/\n(?=\S)/);
      if (lines.length !== options.length || !lines.every((line, at) => line.startsWith(`${options[at]} `))) continue;
      (block.closest("[class^='highlight-']") ?? block).remove();
      return lines.map((line) => [element("code", { textContent: line })]);
    }
  }

  function alive(place, id, exercise) {
    const fields = exercise.fields.map((field) => llmlabSite.fields[field.kind](field, exercise.fields.length === 1 && field.options ? linesOf(place, field.options) : undefined));
    const reason = element("label", { className: "answer-field answer-reason" }, element("span", { textContent: "Your reason (for yourself: nobody reads it)" }), element("textarea", { rows: 2 }));
    const lacking = element("p", { className: "answer-lacking", id: `lacking-${id}`, hidden: true });
    const said = element("div", { className: "answer-verdict" });
    said.setAttribute("role", "status");
    const form = element("form", { className: "answer", noValidate: true }, ...fields.map(({ node }) => node), ...(exercise.reason ? [reason] : []), element("p", {}, element("button", { type: "submit", textContent: "Check" })), lacking);
    form.setAttribute("aria-label", `Answer to exercise ${id}`);

    function show({ status, html }) {
      const open = status === "passed" || (store.of(id)?.tries ?? 0) >= llmlabSite.tries;
      const folds = (status === "passed" ? "" : exercise.hints) + (open ? exercise.solution : "");
      said.innerHTML = html.replace(/<\/div>$/, `${folds}</div>`); // all of it from the course's own check, but the answer
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const read = fields.map((field) => field.read());
      const at = read.findIndex(({ ask }) => ask);
      fields.forEach(({ input }, field) => {
        if (read[field].ask) input.setAttribute("aria-describedby", lacking.id);
        else input.removeAttribute("aria-describedby");
      });
      lacking.hidden = at < 0;
      if (at >= 0) {
        said.replaceChildren();
        // With one field alone its name would say what the sentence says.
        const ask = fields.length > 1 ? read[at].ask : read[at].ask.slice(read[at].ask.indexOf(": ") + 2);
        lacking.textContent = ask[0].toUpperCase() + ask.slice(1);
        return fields[at].input.focus();
      }
      const verdict = llmlabSite.verdict(exercise, read);
      store.add(id, verdict.status, read.map(({ value }) => value));
      show(verdict);
    });

    // An earlier answer is shown again with its verdict; after a clearing nothing is.
    function restore() {
      const kept = store.of(id);
      if (!kept) {
        form.reset();
        fields.forEach((field) => field.clear?.());
        return said.replaceChildren();
      }
      try {
        fields.forEach((field, at) => field.write(kept.values[at]));
        const read = fields.map((field) => field.read());
        if (!read.some(({ ask }) => ask)) show(llmlabSite.verdict(exercise, read));
      } catch {
        // kept by an older page with other fields: it is answered anew
      }
    }
    restore();
    store.listen(() => store.of(id) || restore());
    place.append(form, said);
  }

  for (const [id, exercise] of Object.entries(those))
    for (const place of document.querySelectorAll(`.llmlab-exercise[data-exercise="${id}"]`)) alive(place, id, exercise);
};

llmlabSite.load("exercises/course.js").then(() => {
  const lessons = new Set([...document.querySelectorAll(".llmlab-exercise")].map(({ dataset }) => dataset.exercise.split(".")[0]));
  for (const lesson of lessons) llmlabSite.load(`exercises/${lesson}.js`);
});
