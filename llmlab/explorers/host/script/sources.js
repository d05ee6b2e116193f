// Where frames come from. The host asks a source and listens to it, and knows nothing more of it:
//   declared                  title, task, controls, has_more
//   first()                   the frame to begin with
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

// A file of frames, written by host/edition.py: for a page without a kernel.
export function fileSource({ title, task, controls, has_more, frames }) {
  const keyOf = (state) => JSON.stringify(controls.map(({ name }) => state[name]));
  const held = new Map(frames.map((frame) => [keyOf(frame.state), frame]));
  const absent = (state) => ({ ...frames[0], state, html: '<p class="llmlab-error">This page has no picture for this setting: run the lesson to see it.</p>', why: "", more: "", text: "", note: "", target: "", reached: false, question: null, limits: {}, off: {}, code: "", error: true });
  let answered;
  return {
    declared: { title, task, controls, has_more },
    first: () => frames[0],
    ask({ state, control, values }) {
      const wanted = values.map((value) => ({ ...state, [control]: value })).filter((other) => held.has(keyOf(other)));
      const sent = [state, ...wanted].map((other) => held.get(keyOf(other)) ?? absent(other));
      setTimeout(() => answered({ frames: sent, done: true, stop: wanted.length < values.length ? "not in the file" : "" }));
    },
    settle() {},
    listen(onAnswer) {
      answered = onAnswer;
      return () => {};
    },
  };
}
