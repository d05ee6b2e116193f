// From logits to a token: temperature, then top-k, then top-p, then one number between 0 and 1 that decides.

/** The probabilities that a token is drawn from. topK and topP: null for no cut. */
function samplingProbabilities(logits, { temperature, topK, topP }) {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]); // the first of equal ones stays first
  if (temperature === 0 || topK === 1) return logits.map((_, id) => (id === order[0] ? 1 : 0));
  const last = topK === null || topK >= logits.length ? -Infinity : logits[order[topK - 1]];
  const probabilities = softmax(logits.map((logit) => (logit < last ? -Infinity : logit / temperature)));
  if (topP !== null && topP < 1) {
    let before = 0; // what the more probable tokens add up to: the first has 0 and stays
    for (const id of order) {
      const share = probabilities[id];
      if (before >= topP) probabilities[id] = 0;
      before += share;
    }
  }
  const total = probabilities.reduce((a, b) => a + b, 0);
  return probabilities.map((share) => share / total);
}

/** The token whose share of the line from 0 to 1 holds the number, when the shares lie side by side by id. */
function pick(probabilities, number) {
  let end = 0, last = 0;
  for (let id = 0; id < probabilities.length; id++) {
    if (probabilities[id] === 0) continue;
    end += probabilities[id];
    last = id;
    if (number < end) break;
  }
  return last;
}

/** Numbers between 0 and 1 that follow from a seed: xorshift with the shifts 13, 17, 5 (Marsaglia 2003). */
function randomNumbers(seed) {
  let state = (Math.imul(seed, 2654435761) ^ 0x5bd1e995) >>> 0 || 1; // never 0, where xorshift would stay
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 10; i++) next(); // seeds that are neighbours have gone apart by then
  return next;
}

/** Continue `ids` by one token for each of the numbers: what llmlab.export.write_with computes in PyTorch. */
function writeWith(model, ids, numbers, settings) {
  const written = [...ids], cache = emptyCache(model.config);
  for (const number of numbers) {
    written.push(pick(samplingProbabilities(nextLogits(model, written, cache), settings), number));
  }
  return written;
}
