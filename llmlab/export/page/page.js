// What is seen and pressed: the text, token by token, and the tokens that may come next.

const SHOWN = 12; // bars
const SLICE = 14; // milliseconds of work between two pictures
const element = (id) => document.getElementById(id);
const description = JSON.parse(element('description').textContent);
const tokenizer = new Tokenizer(description.tokenizer);
const model = unpackModel({ ...description.model, base64: element('weights').textContent });

const page = {
  ids: [], // all tokens of the text
  prompt: 0, // how many of them were given
  cache: emptyCache(model.config),
  logits: null,
  draw: null, // the source of random numbers
  running: false,
};

function settings() {
  const k = Number(element('top-k').value);
  return {
    temperature: Number(element('temperature').value),
    topK: k > 20 ? null : k, // the last place of the slider: no cut
    topP: Number(element('top-p').value),
  };
}

/** A token as one can read it: white space made visible, what is no whole character as its bytes. */
function spelled(id) {
  const bytes = tokenizer.vocabulary.get(id);
  const text = tokenizer.decode([id]);
  if (text.includes('\ufffd') && !bytes.includes('\u00ef\u00bf\u00bd')) {
    return [...bytes].map((byte) => `‹${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}›`).join('');
  }
  return text.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\r', '␍').replaceAll('\t', '⇥') || '(nothing)';
}

const percent = (share) => (share > 0 && share < 0.001 ? '<0.1 %' : `${(100 * share).toFixed(1)} %`);

// ---- a row of buttons is one stop of the Tab key, and arrows move inside it ---------------------------------------

function oneStop(group) {
  const buttons = () => [...group.querySelectorAll('button, [role="button"]')];
  group.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const all = buttons(), at = all.indexOf(document.activeElement);
    if (at < 0 || !(step || event.key === 'Home' || event.key === 'End')) return;
    event.preventDefault();
    const to = event.key === 'Home' ? 0 : event.key === 'End' ? all.length - 1 : at + step;
    const chosen = all[Math.max(0, Math.min(all.length - 1, to))];
    all.forEach((button) => { button.tabIndex = button === chosen ? 0 : -1; });
    chosen.focus();
  });
}

// ---- the pictures -------------------------------------------------------------------------------------------------

function drawText() {
  const output = element('output');
  const pieces = tokenizer.pieces(page.ids);
  while (output.children.length > page.ids.length) output.lastChild.remove();
  page.ids.forEach((id, at) => {
    // A span, which runs with the text and breaks where it does; a button would be a box of its own.
    const token = output.children[at] ?? output.appendChild(document.createElement('span'));
    const origin = at < page.prompt ? 'given' : 'written';
    const text = pieces[at] || '·'; // a part of a character, which a later token completes
    if (token.className === origin && token.dataset.id === String(id) && token.textContent === text) return;
    Object.assign(token, { role: 'button', className: origin, textContent: text, tabIndex: -1 });
    token.dataset.id = id;
    token.setAttribute('aria-label', `${spelled(id)}, ${origin}. Go back to before it`);
  });
  if (!output.querySelector('[tabindex="0"]')) output.lastChild.tabIndex = 0;
}

function drawBars() {
  const open = softmax(page.logits);
  const cut = samplingProbabilities(page.logits, settings());
  const order = [...open.keys()].sort((a, b) => open[b] - open[a]);
  const rows = element('bars').querySelectorAll('button');
  order.slice(0, SHOWN).forEach((id, i) => {
    const row = rows[i], kept = cut[id] > 0;
    row.dataset.id = id;
    row.classList.toggle('cut', !kept);
    row.querySelector('.token').textContent = spelled(id);
    row.querySelector('.bar').style.width = `${100 * (kept ? cut[id] : open[id])}%`;
    row.querySelector('.share').textContent = kept ? percent(cut[id]) : 'cut';
    const share = kept ? `drawn with ${percent(cut[id])}` : `cut, the model gave it ${percent(open[id])}`;
    row.setAttribute('aria-label', `${spelled(id)}: ${share}. Take it`);
  });
  rows.forEach((row, i) => { row.parentElement.hidden = i >= order.length; });
  const shown = order.slice(0, SHOWN).reduce((sum, id) => sum + cut[id], 0);
  const left = cut.filter((share) => share > 0).length;
  const bits = cut.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0);
  element('rest').textContent =
    `${left.toLocaleString('en')} of ${cut.length.toLocaleString('en')} tokens can be drawn; ` +
    `those not shown have ${percent(Math.max(0, 1 - shown))}. Open by ${bits.toFixed(1)} bits.`;
}

/** Work out what comes next, and show it. */
function look() {
  page.logits = nextLogits(model, page.ids, page.cache);
  drawText();
  drawBars();
}

// ---- what can be done ---------------------------------------------------------------------------------------------

function begin() {
  stop();
  page.ids = tokenizer.encode(element('prompt').value);
  if (page.ids.length === 0) page.ids = [...description.start]; // a model cannot begin from nothing
  page.prompt = page.ids.length;
  page.draw = randomNumbers(Number(element('seed').value) || 0);
  look();
}

function take(id) {
  page.ids.push(id);
  page.logits = nextLogits(model, page.ids, page.cache);
}

const drawOne = () => take(pick(samplingProbabilities(page.logits, settings()), page.draw()));

function say(sentence) {
  element('status').textContent = sentence;
}

function stop() {
  page.running = false;
  element('write').textContent = '▶ Write';
}

/** Write until there are so many new tokens, some at a time, so that what is pressed meanwhile is heard. */
function write() {
  if (page.running) return stop();
  page.running = true;
  element('write').textContent = '■ Stop';
  say('Writing …');
  const wanted = Number(element('tokens').value) || 1, began = performance.now();
  let done = 0;
  const work = () => {
    const slice = performance.now();
    while (page.running && done < wanted && performance.now() - slice < SLICE) drawOne(), done++;
    drawText();
    drawBars();
    if (page.running && done < wanted) return setTimeout(work, 0);
    const speed = done / ((performance.now() - began) / 1000);
    say(`${done} tokens written, ${speed.toFixed(0)} a second.`);
    stop();
  };
  work();
}

// ---- the page -----------------------------------------------------------------------------------------------------

for (let i = 0; i < SHOWN; i++) {
  const button = document.createElement('button');
  button.type = 'button';
  button.tabIndex = i ? -1 : 0;
  for (const name of ['token', 'lane', 'share']) {
    button.append(Object.assign(document.createElement('span'), { className: name }));
  }
  button.querySelector('.lane').append(Object.assign(document.createElement('span'), { className: 'bar' }));
  button.addEventListener('click', () => {
    stop();
    take(Number(button.dataset.id));
    look();
    say(`You took ${spelled(Number(button.dataset.id))}.`);
  });
  element('bars').appendChild(document.createElement('li')).append(button);
}
element('output').addEventListener('click', (event) => {
  const at = [...element('output').children].indexOf(event.target);
  if (at < 0) return;
  stop();
  const gone = page.ids.length - at;
  page.ids.length = Math.max(at, 1);
  page.prompt = Math.min(page.prompt, page.ids.length);
  look();
  element('output').lastChild.tabIndex = 0;
  say(`Back to before ${event.target.textContent}: ${gone} tokens less. The bars show what could have come.`);
});
element('write').addEventListener('click', write);
element('one').addEventListener('click', () => { stop(); drawOne(); look(); say('One token drawn.'); });
element('again').addEventListener('click', () => { begin(); say('At the beginning again.'); });
element('prompt').addEventListener('input', () => { begin(); say(''); });
element('seed').addEventListener('input', () => { begin(); say(''); });
for (const chip of document.querySelectorAll('.chip')) {
  chip.addEventListener('click', () => { element('prompt').value = chip.dataset.prompt; begin(); say(''); });
}
for (const name of ['temperature', 'top-k', 'top-p']) {
  const show = () => {
    const value = Number(element(name).value);
    element(`${name}-is`).textContent =
      name === 'top-k' ? (value > 20 ? 'all' : value) : name === 'top-p' && value === 1 ? 'all' : value.toFixed(2);
  };
  element(name).addEventListener('input', () => { show(); drawBars(); });
  show();
}
element('output').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  event.target.click();
});
oneStop(element('bars'));
oneStop(element('output'));
{
  const { ids, of, logits } = description.probe;
  const here = nextLogits(model, ids, emptyCache(model.config));
  const apart = of.reduce((most, id, i) => Math.max(most, Math.abs(here[id] - logits[i])), 0);
  element('apart').textContent =
    `The logits of this page are at most ${apart.toPrecision(1)} from those that PyTorch computed.`;
}
element('source').textContent = element('forward').textContent.trim();
begin();
