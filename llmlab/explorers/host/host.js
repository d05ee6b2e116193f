// The browser's half of every explorer: native controls, a cache of frames, and no mathematics.
// A frame is what the kernel drew for one state of the controls; host.py describes the messages.

const FRAMES_KEPT = 240; // the cache's bound; the oldest frames go first
const VALUES_ASKED = 48; // of a long axis, the values nearest to the present one
const SHOW_BUSY_AFTER = 150; // ms; a shorter wait would only flicker
const SETTLE_AFTER = 300; // ms without a change until the kernel is told the state
const TYPING_PAUSE = 250; // ms

const element = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

function render({ model, el }) {
  const controls = model.get("controls");
  const cache = new Map();
  let { state, generation, revision } = model.get("frame");
  let axis = null; // the control being moved
  let waiting = false; // one request at a time, so that no answer is ever stale
  let settled = keyOf(state); // the state that the kernel knows
  let shown; // the frame on the page
  let busyTimer, settleTimer, typingTimer;

  function keyOf(state) {
    return JSON.stringify(controls.map(({ name }) => state[name]));
  }

  // ---- the page -------------------------------------------------------------------------------------------------
  const inputs = {};
  const bar = element("div", { className: "llmlab-controls" });
  for (const control of controls) bar.append(makeControl(control));
  const reset = element("button", { type: "button", textContent: "Reset" });
  bar.append(reset);

  const status = element("p", { className: "llmlab-status" });
  status.setAttribute("role", "status"); // read out when it changes
  const note = element("p", { className: "llmlab-note" });
  const busy = element("span", { className: "llmlab-busy", textContent: "computing …", hidden: true });
  const picture = element("div", { className: "llmlab-frame" });
  const words = element("p", { className: "llmlab-words" });
  const code = element("pre", { tabIndex: 0 });
  const root = element("section", { className: "llmlab-explorer llmlab-live" },
    element("h4", { className: "llmlab-title" }, model.get("title"), busy),
    element("p", { className: "llmlab-task", textContent: model.get("task") }),
    bar, status, note, picture, words,
    element("details", {}, element("summary", { textContent: "Python for this state" }), code));
  root.setAttribute("aria-label", model.get("title"));
  // JupyterLab would take the arrow keys for itself.
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);

  function makeControl({ kind, name, label, values, max_length }) {
    const readout = element("output", { className: "llmlab-value" });
    let input;
    if (kind === "range") {
      input = element("input", { type: "range", min: values[0], max: values.at(-1), step: 1 });
    } else if (kind === "toggle") {
      input = element("input", { type: "checkbox" });
    } else if (kind === "choice") {
      input = element("select", {}, ...values.map((value) => element("option", { value, textContent: value })));
    } else {
      input = element("input", { type: "text", maxLength: max_length, spellcheck: false });
    }
    input.name = name;
    inputs[name] = { input, readout, kind, values };
    input.addEventListener("input", () => touched(name));
    if (values.length) {
      // Frames are fetched when the pointer or the focus arrives: mostly before the first move.
      input.addEventListener("pointerenter", () => load(name));
      input.addEventListener("focus", () => load(name));
    }
    return element("label", { className: `llmlab-control llmlab-${kind}` },
      element("span", { textContent: label }), input, readout);
  }

  function read({ input, kind }) {
    if (kind === "range") return Number(input.value);
    return kind === "toggle" ? input.checked : input.value;
  }

  function showControls() {
    for (const [name, { input, readout, kind }] of Object.entries(inputs)) {
      if (kind === "toggle") input.checked = state[name];
      else if (input.value !== String(state[name])) input.value = state[name];
      readout.textContent = kind === "range" ? state[name] : "";
    }
  }

  // ---- frames ---------------------------------------------------------------------------------------------------
  function keep(frame) {
    if (frame.generation !== generation) return;
    const key = keyOf(frame.state);
    cache.delete(key);
    cache.set(key, frame);
    while (cache.size > FRAMES_KEPT) cache.delete(cache.keys().next().value);
  }

  function show() {
    showControls();
    const frame = cache.get(keyOf(state));
    if (frame && frame !== shown) {
      shown = frame;
      picture.innerHTML = frame.html; // escaped by the kernel's renderer
      words.textContent = frame.text;
      note.textContent = frame.note;
      code.textContent = frame.code;
      const line = frame.target && (frame.reached ? `✓ ${frame.target}` : `○ ${frame.target}`);
      if (status.textContent !== line) status.textContent = line;
      status.classList.toggle("llmlab-reached", frame.reached);
    }
    clearTimeout(busyTimer);
    if (frame) setBusy(false);
    else busyTimer = setTimeout(() => setBusy(true), SHOW_BUSY_AFTER);
  }

  function setBusy(on) {
    busy.hidden = !on;
    picture.setAttribute("aria-busy", on);
  }

  function missingValues() {
    if (!axis) return [];
    const { values } = inputs[axis];
    const distance = (value) => Math.abs(values.indexOf(value) - values.indexOf(state[axis]));
    return [...values]
      .sort((a, b) => distance(a) - distance(b))
      .slice(1, VALUES_ASKED + 1) // the nearest is the present one itself
      .filter((value) => !cache.has(keyOf({ ...state, [axis]: value })));
  }

  function ask() {
    if (waiting) return; // the answer will ask again, for what is wanted by then
    const values = missingValues();
    if (cache.has(keyOf(state)) && !values.length) return;
    waiting = true;
    model.send({ ask: "frames", state, control: axis, values });
  }

  function load(name) {
    axis = name;
    ask();
  }

  function touched(name) {
    state = { ...state, [name]: read(inputs[name]) };
    clearTimeout(typingTimer);
    if (inputs[name].values.length) move(name);
    else typingTimer = setTimeout(() => move(null), TYPING_PAUSE);
  }

  function move(name) {
    axis = name;
    show();
    ask();
    clearTimeout(settleTimer);
    settleTimer = setTimeout(settle, SETTLE_AFTER);
  }

  function settle() {
    if (keyOf(state) === settled) return;
    settled = keyOf(state);
    model.send({ ask: "settle", state });
  }

  reset.addEventListener("click", () => {
    state = Object.fromEntries(controls.map(({ name, initial }) => [name, initial]));
    move(null);
  });

  // ---- answers --------------------------------------------------------------------------------------------------
  function answered(message) {
    if (!message.frames) return;
    message.frames.forEach(keep);
    if (message.done) waiting = false;
    if (message.stop) axis = null; // no neighbours until a control is touched again; the state in view is still asked for
    show();
    if (message.done) ask();
  }

  function frameChanged() {
    const frame = model.get("frame");
    if (frame.generation !== generation) {
      generation = frame.generation;
      cache.clear();
    }
    keep(frame);
    if (frame.revision !== revision) {
      // Python moved the controls; an answer to the browser's own move keeps its revision and must not pull back.
      revision = frame.revision;
      state = frame.state;
      settled = keyOf(state);
    }
    show();
    ask();
  }

  model.on("msg:custom", answered);
  model.on("change:frame", frameChanged);
  keep(model.get("frame"));
  show();
  return () => {
    model.off("msg:custom", answered);
    model.off("change:frame", frameChanged);
    [busyTimer, settleTimer, typingTimer].forEach(clearTimeout);
  };
}

export default { render };
