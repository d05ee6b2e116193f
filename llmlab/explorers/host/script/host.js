// The browser's half of every explorer: controls, a cache of frames, the picture as a control; no mathematics.
// A frame is what the kernel drew for one state of the controls; host.py describes the messages.

import { controlBar } from "./controls.js";
import { setText } from "./dom.js";
import { frameStore } from "./frames.js";
import { lights } from "./light.js";
import { morph } from "./morph.js";
import { holdHeight, makePage, showQuestion } from "./page.js";
import { livePicture } from "./picture.js";
import { fileSource, kernelSource } from "./sources.js";

const SHOW_BUSY_AFTER = 150; // ms; a shorter wait would only flicker
const SETTLE_AFTER = 300; // ms without a change until the kernel is told the state
const TYPING_PAUSE = 250; // ms
const STILL_MOVING = 150; // ms since the last frame: in the middle of a drag nothing glides
const SPEAK_EVERY = 500; // ms
const NOT_HERE = "This page has no picture for that: the notebook has.";

export function mount(el, source) {
  const { controls } = source.declared;
  const uid = `llmlab-${Math.random().toString(36).slice(2, 10)}`;
  const store = frameStore(controls);
  let { state, generation, revision } = source.first();
  let axis = null; // the control being moved
  let waiting = false; // one request at a time, so that no answer is ever stale
  let settled = store.keyOf(state); // the state that the kernel knows
  let shown; // the frame on the page
  let shownAt = 0;
  let busyTimer, settleTimer, typingTimer;

  const player = makePlayer();
  const view = controlBar(controls, uid, { moved: touched, near, player });
  const page = makePage(el, source.declared, uid, view);
  const say = speaker(page.spoken);
  const heights = [page.stage, page.goal].map((part) => holdHeight(part, player.playing));
  const release = () => heights.forEach((height) => height.release());
  const light = lights(page.root, page.bubble);
  const live = livePicture(page.picture, { state: seen, valuesOf: view.values, change: pressed, near, has: (values) => source.has({ ...state, ...values }), refuse });
  const systemCalm = matchMedia("(prefers-reduced-motion: reduce)");

  // What the picture shows of a state: of a slider whose track ends before its value, the end (as every trace does).
  function seen() {
    const within = Object.entries((store.get(state) ?? shown)?.limits ?? {}).map(([name, [low, high]]) => {
      const values = view.values(name), at = values.indexOf(state[name]);
      const ends = [low, high].map((end) => values.indexOf(end));
      return view.isSlider(name) ? [name, values[Math.min(Math.max(at, ends[0]), ends[1])]] : [name, state[name]];
    });
    return { ...state, ...Object.fromEntries(within) };
  }

  // ---- showing --------------------------------------------------------------------------------------------------
  function show() {
    const frame = store.get(state);
    view.show(seen(), frame ?? shown ?? {});
    if (frame && frame !== shown) paint(frame);
    clearTimeout(busyTimer);
    if (frame) setBusy(false);
    else busyTimer = setTimeout(() => setBusy(true), SHOW_BUSY_AFTER);
  }

  function paint(frame) {
    const now = performance.now();
    const glide = shown && now - shownAt > STILL_MOVING && !systemCalm.matches;
    const isNew = !shown || store.keyOf(shown.state) !== store.keyOf(frame.state) || shown.generation !== frame.generation;
    [shown, shownAt] = [frame, now];
    live.paint(() => morph(page.picture, frame.html, glide));
    morph(page.why, frame.why);
    if (page.numbers.open && frame.more !== null) morph(page.more, frame.more);
    light.again();
    setText(page.words, frame.text);
    setText(page.note, frame.note);
    setText(page.code, frame.code);
    setText(page.mark, frame.target && (frame.reached ? "✓" : "○"));
    setText(page.distance, frame.target && ` ${frame.target}`);
    page.status.classList.toggle("llmlab-reached", frame.reached);
    showQuestion(page.question, frame.question, say);
    if (isNew) say(page.picture.querySelector("[data-say]")?.dataset.say ?? page.status.textContent);
  }

  function setBusy(on) {
    page.busy.hidden = !on;
    page.picture.setAttribute("aria-busy", on);
  }

  // ---- frames ---------------------------------------------------------------------------------------------------
  const isWhole = (frame) => frame && (!page.numbers.open || frame.more !== null);

  function ask() {
    if (waiting) return; // the answer will ask again, for what is wanted by then
    const values = store.missing(state, axis, isWhole, axis ? player.rangeOf(axis) : []);
    if (isWhole(store.get(state)) && !values.length) return;
    waiting = true;
    source.ask({ state, control: axis, values, more: page.numbers.open });
  }

  function near(name) {
    if (!view.values(name)?.length) return;
    axis = name;
    ask();
  }

  function move(values, name) {
    state = { ...state, ...values };
    axis = name;
    show();
    ask();
    clearTimeout(settleTimer);
    if (!player.playing()) settleTimer = setTimeout(settle, SETTLE_AFTER);
  }

  function settle() {
    if (store.keyOf(state) === settled) return;
    settled = store.keyOf(state);
    source.settle(state);
  }

  function touched(name, value) {
    player.stop();
    clearTimeout(typingTimer);
    if (view.values(name).length) return move({ [name]: value, ...along(name, value) }, name);
    state = { ...state, [name]: value };
    typingTimer = setTimeout(() => {
      release();
      move({}, null);
    }, TYPING_PAUSE);
  }

  // What comes along with an option, so that there is something to see of it; a text that was typed stays.
  function along(name, value) {
    const control = (one) => controls.find((other) => other.name === one);
    const free = ([other]) => !control(other).typed || state[other] === control(other).initial;
    const others = Object.fromEntries(Object.entries(control(name).along?.[value] ?? {}).filter(free));
    return source.has({ ...state, [name]: value, ...others }) ? others : {};
  }

  function pressed(values, name) {
    player.stop();
    clearTimeout(typingTimer);
    move(values, view.values(name).length ? name : null);
  }

  function refuse(mark) {
    player.stop();
    light.tell(mark, NOT_HERE);
    say(NOT_HERE);
  }

  // ---- what is a sequence can be played ---------------------------------------------------------------------------
  function makePlayer() {
    let timer = null, ended = null;
    const rangeOf = (name) => {
      const all = [view.values(name)[0], view.values(name).at(-1)];
      return view.isSlider(name) ? (shown.reach?.[name] ?? shown.limits[name] ?? all) : all;
    };
    const next = (name, by) => {
      const values = view.values(name);
      const [low, high] = rangeOf(name);
      const at = values.indexOf(seen()[name]) + by;
      return at >= values.indexOf(low) && at <= values.indexOf(high) ? values[at] : undefined;
    };
    const stop = () => {
      if (timer === null) return;
      clearTimeout(timer);
      timer = null;
      ended();
      settleTimer = setTimeout(settle, SETTLE_AFTER); // the kernel was told nothing while it played
    };
    return {
      stop,
      rangeOf,
      playing: () => timer !== null,
      step(name, by) {
        stop();
        const value = next(name, by);
        if (value !== undefined) move({ [name]: value }, name);
      },
      toggle(name, pause, onEnd) {
        if (timer !== null) return stop();
        near(name);
        ended = onEnd;
        const tick = () => {
          const value = next(name, 1);
          if (value === undefined) return stop();
          if (store.get(state)) move({ [name]: value }, name); // else it waits for the frame of this one
          timer = setTimeout(tick, pause);
        };
        timer = setTimeout(tick, 0);
        if (next(name, 1) === undefined) move({ [name]: rangeOf(name)[0] }, name); // from the start
        return true;
      },
    };
  }

  // ---- answers ----------------------------------------------------------------------------------------------------
  function answered(message) {
    message.frames.forEach(store.keep);
    if (message.done) waiting = false;
    if (message.stop) axis = null; // no neighbours until a control is touched again; the state in view is still asked for
    show();
    if (message.done) ask();
  }

  function frameChanged(frame) {
    if (frame.generation !== generation) release();
    generation = frame.generation;
    store.startAnew(generation);
    store.keep(frame);
    if (frame.revision !== revision) {
      // Python moved the controls; an answer to the browser's own move keeps its revision and must not pull back.
      player.stop();
      clearTimeout(settleTimer);
      revision = frame.revision;
      state = frame.state;
      settled = store.keyOf(state);
    }
    show();
    ask();
  }

  page.numbers.addEventListener("toggle", () => {
    if (page.numbers.open && shown?.more != null) morph(page.more, shown.more);
    light.again();
    ask();
  });
  page.root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab would take the arrow keys for itself
    if (event.key === "Escape") player.stop();
  });
  page.reset.addEventListener("click", () => {
    release();
    player.stop();
    clearTimeout(typingTimer);
    move(Object.fromEntries(controls.map(({ name, initial }) => [name, initial])), null);
  });

  store.startAnew(generation);
  store.keep(source.first());
  const deaf = source.listen(answered, frameChanged);
  show();
  return () => {
    deaf();
    live.end();
    heights.forEach((height) => height.end());
    player.stop();
    [busyTimer, settleTimer, typingTimer].forEach(clearTimeout);
  };
}

// The live region: the last thing that happened, not each of a hundred while a slider is dragged.
function speaker(node) {
  let last = 0, timer;
  return (text) => {
    clearTimeout(timer);
    const speak = () => {
      last = performance.now();
      setText(node, text);
    };
    const wait = last + SPEAK_EVERY - performance.now();
    if (wait > 0) timer = setTimeout(speak, wait);
    else speak();
  };
}

export { fileSource, kernelSource, morph };
export default { render: ({ model, el }) => mount(el, kernelSource(model)) };
