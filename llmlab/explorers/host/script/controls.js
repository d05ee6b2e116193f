// Native controls of a state: sliders, lists, buttons, boxes, lines of text; and a player for what is a sequence.

import { element, iconButton, labelled, setIcon, setText } from "./dom.js";

// What each kind is made of. `read` gives a value, `write` shows one, `limit` shows which values make sense.
const KINDS = {
  range: slider,
  scale: slider,
  choice: (control, uid) => (control.look === "list" ? list(control) : segments(control, uid)),
  toggle({ name }) {
    const input = element("input", { type: "checkbox", name });
    return { inputs: [input], parts: [input], read: () => input.checked, write: (value) => (input.checked = value), limit: (sensible) => (input.disabled = sensible.length < 2) };
  },
  text({ name, max_length, examples, label }) {
    const input = element("input", { type: "text", name, maxLength: max_length, spellcheck: false });
    const chips = examples.map((text) => {
      const chip = labelled(element("button", { type: "button", className: "llmlab-example", textContent: text || "(empty)" }), { "aria-label": `${label}: ${text || "empty"}` });
      chip.addEventListener("click", () => {
        input.value = text;
        input.dispatchEvent(new Event("input"));
      });
      return chip;
    });
    const row = chips.length ? [element("span", { className: "llmlab-examples" }, ...chips)] : [];
    return { inputs: [input], parts: [input], after: row, read: () => input.value, write: (value) => input.value !== value && (input.value = value) };
  },
};

function slider({ kind, name, values, labels }) {
  const place = (value) => (kind === "range" ? value : values.indexOf(value));
  const input = element("input", { type: "range", name, min: place(values[0]), max: place(values.at(-1)), step: 1 });
  const readout = labelled(element("span", { className: "llmlab-value" }), { "aria-hidden": "true" }); // aria-valuetext says it
  let here = [place(values[0]), place(values.at(-1))]; // how far the thumb goes
  readout.style.minWidth = `${Math.max(...labels.map((label) => label.length))}ch`; // nothing moves when it changes
  return {
    inputs: [input],
    parts: [input, readout],
    read() {
      const at = Math.min(Math.max(Number(input.value), here[0]), here[1]);
      if (Number(input.value) !== at) input.value = at;
      return kind === "range" ? at : values[at];
    },
    write(value) {
      const label = labels[values.indexOf(value)];
      if (input.value !== String(place(value))) input.value = place(value);
      input.dataset.value = value;
      input.setAttribute("aria-valuetext", label);
      setText(readout, label);
    },
    // The track ends at what makes sense in this state; within it, the thumb may go less far (`held` in sources.js).
    limit([low, high], reach) {
      Object.assign(input, { min: place(low), max: place(high) });
      here = (reach ?? [low, high]).map(place);
    },
  };
}

// Values that only a press in the picture gives (`unlisted`) are options while they are chosen, one at a time.
function list({ name, values, labels, unlisted = [] }) {
  const option = (value) => element("option", { value, textContent: labels[values.indexOf(value)] });
  const options = values.filter((value) => !unlisted.includes(value)).map(option);
  const input = element("select", { name }, ...options);
  let pressed = null;
  return {
    inputs: [input],
    parts: [input],
    read: () => input.value,
    write(value) {
      if (input.value === value) return;
      pressed?.remove();
      if (unlisted.includes(value)) input.append((pressed = option(value)));
      input.value = value;
    },
    limit: (sensible) => options.forEach((option) => (option.disabled = !sensible.includes(option.value))),
  };
}

// A row of radio buttons; their name is unlike any other explorer's on the page, or the browser would join them.
function segments({ name, label, look, values, labels }, uid) {
  const inputs = values.map((value) => element("input", { type: "radio", name: `${uid}.${name}`, value }));
  const row = element("span", { className: `llmlab-segments${look === "chips" ? " llmlab-chips" : ""}` }, ...inputs.map((input, number) => element("label", {}, input, element("span", { textContent: labels[number] }))));
  labelled(row, { role: "radiogroup", "aria-label": label, "data-control": name });
  return {
    inputs,
    parts: [row],
    read: () => inputs.find((input) => input.checked)?.value,
    write: (value) => inputs.forEach((input) => (input.checked = input.value === value)),
    limit: (sensible) => inputs.forEach((input) => (input.disabled = !sensible.includes(input.value))),
  };
}

// `moved` is called with a name when the reader moves a control, `near` when the pointer or the focus comes to one.
export function controlBar(controls, uid, { moved, near, player }) {
  const made = {};
  const bar = element("div", { className: "llmlab-controls" });
  const quietBar = element("div", { className: "llmlab-controls" });
  for (const control of controls) {
    const { name, label, kind } = control;
    const parts = (made[name] = { ...KINDS[kind](control, uid), values: control.values });
    const grouped = kind === "choice" && control.look !== "list"; // each of its buttons has a label of its own
    const node = element(grouped ? "div" : "label", { className: `llmlab-control llmlab-${kind}` }, element("span", { textContent: label }), ...parts.parts);
    for (const input of parts.inputs) input.addEventListener(kind === "choice" ? "change" : "input", () => moved(name, parts.read()));
    if (control.values.length) {
      node.addEventListener("pointerenter", () => near(name)); // frames are fetched mostly before the first move
      for (const input of parts.inputs) input.addEventListener("focus", () => near(name));
    }
    const buttons = control.play ? [playButtons(control, player)] : [];
    parts.node = element("div", { className: `llmlab-item llmlab-item-${kind}` }, node, ...buttons, ...(parts.after ?? []));
    groupIn(control.quiet ? quietBar : bar, control.group).append(parts.node);
  }
  return {
    bar,
    quietBar,
    values: (name) => made[name]?.values,
    isSlider: (name) => made[name].inputs[0].type === "range",
    show(state, { limits = {}, reach = {}, off = {} }) {
      for (const [name, control] of Object.entries(made)) {
        if (control.limit) control.limit(limits[name] ?? (control.inputs[0].type === "range" ? [control.values[0], control.values.at(-1)] : control.values), reach[name]);
        control.write(state[name]);
        control.node.classList.toggle("llmlab-off", name in off);
        control.node.title = off[name] ?? "";
        for (const input of control.inputs) name in off ? input.setAttribute("aria-disabled", true) : input.removeAttribute("aria-disabled");
      }
    },
  };
}

function groupIn(bar, group) {
  if (!group) return bar;
  const last = bar.lastElementChild;
  if (last?.dataset.group === group) return last;
  const made = labelled(element("fieldset", {}, element("legend", { textContent: group })), { "data-group": group });
  bar.append(made);
  return made;
}

// Back, play or pause, forward: they move the control through its values and know nothing of what it means.
function playButtons({ name, label, play }, player) {
  const back = iconButton("back", `${label}: one back`);
  const toggle = iconButton("play", `${label}: play`);
  const on = iconButton("on", `${label}: one forward`);
  const stopped = () => {
    setIcon(toggle, "play");
    toggle.setAttribute("aria-label", `${label}: play`);
  };
  back.addEventListener("click", () => player.step(name, -1));
  on.addEventListener("click", () => player.step(name, 1));
  toggle.addEventListener("click", () => {
    if (!player.toggle(name, play, stopped)) return;
    setIcon(toggle, "pause");
    toggle.setAttribute("aria-label", `${label}: pause`);
  });
  return labelled(element("span", { className: "llmlab-play" }, back, toggle, on), { role: "group", "aria-label": `${label}: player` });
}
