// The fields of an exercise, one kind each. A field has a `node`, and
//   read()       {cell, value} for its table, or {ask: "what is lacking"}
//   write(value) shows an earlier answer
"use strict";

llmlabSite.fields = (() => {
  const { element } = llmlabSite;
  let count = 0;

  const group = (label, kind, ...children) => element("fieldset", { className: `answer-field answer-${kind}` }, element("legend", { textContent: label }), element("span", { className: "answer-options" }, ...children));
  const wide = (node, lines) => {
    if (lines) node.querySelector(".answer-options").classList.add("answer-lines");
    return node;
  };
  // What stands on an option: its line in the task, where there is one.
  const shown = (option, line) => (line ? element("span", {}, ...line) : element("span", { textContent: option }));
  const ticks = (type, options, lines) => {
    const name = `answer-${(count += 1)}`;
    const inputs = options.map(() => element("input", { type, name }));
    return [inputs, inputs.map((input, at) => element("label", {}, input, shown(options[at], lines?.[at])))];
  };

  function typed(label, properties) {
    const input = element("input", { type: "text", autocomplete: "off", spellcheck: false, ...properties });
    const node = element("label", { className: "answer-field answer-typed" }, element("span", { textContent: label }), input);
    return [input, node];
  }

  // "1,000,000" and "1 000 000" are one number; "6,9" is none, since nobody knows what its comma means.
  function number({ label, whole, spans }) {
    const [input, node] = typed(label, { inputMode: whole ? "numeric" : "decimal", size: 11 });
    const cellOf = (value) => spans.find(([low, high]) => low <= value && value <= high)?.[2] ?? 0;
    return {
      node,
      input,
      read() {
        let text = input.value.trim().replace(/^[−–]/, "-");
        if (/^-?[1-9]\d{0,2}([, _'’]\d{3})+(\.\d+)?$/.test(text)) text = text.replace(/[, _'’]/g, "");
        if (!text) return { ask: `${label}: write a number.` };
        if (/^-?\d*,\d+$/.test(text)) return { ask: `${label}: write decimals after a point, as in 0.5.` };
        if (!/^-?(\d+\.?\d*|\.\d+)$/.test(text)) return { ask: `${label}: write a number, with digits alone.` };
        const value = Number(text) + 0; // no -0
        if (whole && !Number.isInteger(value)) return { ask: `${label}: write a whole number.` };
        if (String(Math.abs(value)).length > 9 || Math.abs(value) > 99999999) return { ask: `${label}: write a number with at most eight digits.` };
        return { value, cell: cellOf(value) };
      },
      write: (value) => (input.value = value),
    };
  }

  function word({ label, length, words, folded }) {
    const [input, node] = typed(label, { size: length ? 4 : 14, autocapitalize: "none" });
    return {
      node,
      input,
      read() {
        const value = input.value.trim().replace(/^["'“”„‘’](.*)["'“”„‘’]$/, "$1");
        if (!/^\p{L}{1,30}$/u.test(value)) return { ask: `${label}: write ${length ? `${length} letters` : "one word"}.` };
        if (length && value.length !== length) return { ask: `${label}: write ${length} letters.` };
        return { value, cell: words[folded ? value.toLowerCase() : value] ?? 0 };
      },
      write: (value) => (input.value = value),
    };
  }

  function pick({ label, options }, lines) {
    const [inputs, labels] = ticks("radio", options, lines);
    return {
      node: wide(group(label, "pick", ...labels), lines),
      input: inputs[0],
      read() {
        const at = inputs.findIndex((input) => input.checked);
        return at < 0 ? { ask: `${label}: choose one.` } : { value: options[at], cell: at };
      },
      write: (value) => (inputs[options.indexOf(value)].checked = true),
    };
  }

  function several({ label, options, none, text }, lines) {
    const [inputs, labels] = ticks("checkbox", options, lines);
    return {
      node: wide(group(label, "several", ...labels), lines),
      input: inputs[0],
      read() {
        const chosen = options.filter((_, at) => inputs[at].checked);
        if (!chosen.length && !none) return { ask: `${label}: choose at least one.` };
        return { value: text ? chosen.join("") : chosen, cell: inputs.reduce((cell, input, at) => cell + (input.checked ? 2 ** at : 0), 0) };
      },
      write: (value) => inputs.forEach((input, at) => (input.checked = value.includes(options[at]))),
    };
  }

  // Each press puts a letter at the end; a second press takes it out again.
  function order({ label, options }, lines) {
    let chosen = [];
    const list = element("output", { className: "answer-order" });
    const buttons = options.map((option, at) => {
      const button = element("button", { type: "button" }, shown(option, lines?.[at]));
      button.addEventListener("click", () => show(chosen.includes(option) ? chosen.filter((one) => one !== option) : [...chosen, option]));
      return button;
    });
    const show = (now) => {
      chosen = now;
      list.textContent = chosen.join(" ") || "–";
      buttons.forEach((button, at) => button.setAttribute("aria-pressed", chosen.includes(options[at])));
    };
    show([]);
    const node = wide(group(label, "order", ...buttons), lines);
    node.append(element("p", {}, "Your order: ", list));
    // Its number among all orders, as Python's itertools.permutations lists them.
    const rank = () => {
      const left = [...options];
      return chosen.reduce((number, one) => {
        const at = left.indexOf(one);
        left.splice(at, 1);
        return number * (left.length + 1) + at;
      }, 0);
    };
    return {
      node,
      input: buttons[0],
      read: () => (chosen.length < options.length ? { ask: `${label}: ${options.length - chosen.length} are left.` } : { value: chosen.join(""), cell: rank() }),
      write: (value) => show([...value]),
      clear: () => show([]),
    };
  }

  return { number, word, pick, several, order };
})();
