// Where frames come from. The host asks a source and listens to it, and knows nothing more of it:
//   declared                  title, task, controls, has_more
//   first()                   the frame to begin with
//   has(state)                whether there is a frame for it at all
//   ask({state, control, values, more})   answered by one or more {frames, done, stop}
//   settle(state)             the reader has stopped moving
//   listen(answered, moved)   `moved` gets a frame that the other side chose; returns a function that ends it

// host/packing.py sends each tag of a message once.
const joined = (numbers, pieces) => numbers && numbers.map((at) => pieces[at]).join("");
const unpacked = (frame, pieces) => ({ ...frame, html: joined(frame.html, pieces), more: joined(frame.more, pieces) });

// A running kernel, through the widget's model.
export function kernelSource(model) {
  return {
    declared: Object.fromEntries(["title", "task", "controls", "has_more"].map((name) => [name, model.get(name)])),
    first: () => model.get("frame"),
    has: () => true,
    ask: (request) => model.send({ ask: "frames", ...request }),
    settle: (state) => model.send({ ask: "settle", state }),
    listen(answered, moved) {
      const message = (content) => content.frames && answered({ ...content, frames: content.frames.map((frame) => unpacked(frame, content.pieces)) });
      const frame = () => moved(model.get("frame"));
      model.on("msg:custom", message);
      model.on("change:frame", frame);
      return () => {
        model.off("msg:custom", message);
        model.off("change:frame", frame);
      };
    },
  };
}

// Frames that were rendered beforehand (host/edition.py), for a page without a kernel. `opening` comes at once,
// `load(number)` promises a part. `settled` is told each state in which the reader stops.
export function fileSource(opening, load, settled = () => {}) {
  const { title, task, controls, has_more, boxes, slow, parts } = opening;
  const first = { ...opening.first, generation: 0, revision: 0 };
  const keyOf = (state) => JSON.stringify(controls.map(({ name }) => state[name]));
  const has = (state) => boxes.some((box) => controls.every(({ name }) => (box[name] ? box[name].includes(state[name]) : state[name] === first.state[name])));
  const numbers = new Map(parts.map((values, number) => [JSON.stringify(values), number]));
  const numberOf = (state) => numbers.get(JSON.stringify(slow.map((name) => state[name])));
  const loaded = new Map();
  let answered, moved, revision = 0;

  async function part(number) {
    if (!loaded.has(number)) {
      const content = await load(number);
      loaded.set(number, { content, places: new Map(content.states.map((values, place) => [JSON.stringify(values), place])) });
    }
    return loaded.get(number);
  }

  async function frameOf(state) {
    if (!has(state)) return absent(state, "This page has no picture for this setting: run the lesson to see it.");
    try {
      const { content, places } = await part(numberOf(state));
      const place = places.get(keyOf(state));
      const frame = Object.fromEntries(Object.entries(content).map(([name, column]) => [name, column[place]]));
      return held({ ...unpacked(frame, content.pieces), state, generation: 0, revision });
    } catch {
      return absent(state, "The pictures for this setting could not be loaded. Move a control to try again.");
    }
  }

  const absent = (state, text) => held({ ...first, state, html: `<p class="llmlab-error">${text}</p>`, why: "", more: "", text, note: "", target: "", reached: false, question: null, limits: {}, off: {}, code: "", error: true });

  // A frame that leaves out what the page does not hold: of choices by their limits, and of sliders by their `reach`,
  // so that the thumb stands where its value is on the whole track, also where it cannot move.
  function held(frame) {
    const limits = { ...frame.limits }, reach = {}, off = { ...frame.off };
    for (const { name, kind, values } of controls) {
      const now = values.indexOf(frame.state[name]);
      const here = values.map((value) => has({ ...frame.state, [name]: value }));
      if (values.length < 2 || here.every(Boolean)) continue;
      if (here.filter(Boolean).length < 2) off[name] ??= "Here it stays as it is. In the notebook it moves.";
      if (kind === "range" || kind === "scale") {
        const [low, high] = (limits[name] ?? [values[0], values.at(-1)]).map((value) => values.indexOf(value));
        let from = now, to = now;
        while (from > low && here[from - 1]) from -= 1;
        while (to < high && here[to + 1]) to += 1;
        reach[name] = [values[from], values[to]];
      } else limits[name] = (limits[name] ?? values).filter((value) => here[values.indexOf(value)]);
    }
    return { ...frame, limits, reach, off };
  }

  return {
    declared: { title, task, controls, has_more },
    first: () => held(first),
    has,
    // The state itself, then of the axis what is in its part, and the nearest of other parts: those are loaded for it.
    async ask({ state, control, values }) {
      answered({ frames: [await frameOf(state)], done: false, stop: "" });
      const wanted = values.map((value) => ({ ...state, [control]: value })).filter(has);
      const others = [...new Set(wanted.map(numberOf))].filter((number) => number !== numberOf(state)).slice(0, 2);
      const near = wanted.filter((other) => [numberOf(state), ...others].includes(numberOf(other)));
      const frames = await Promise.all(near.map(frameOf));
      answered({ frames, done: true, stop: near.length < values.length ? "the rest is not here, or not loaded" : "" });
    },
    settle: settled,
    // Move the controls from outside, as an address does.
    async go(state) {
      revision += 1;
      moved({ ...(await frameOf(state)), revision });
    },
    listen(onAnswer, onMove) {
      [answered, moved] = [onAnswer, onMove];
      return () => {};
    },
  };
}
