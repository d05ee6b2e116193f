// Byte pair encoding, as llmlab.bpe does it. A string of bytes is a text whose characters have the codes 0 to 255.

const bytesOf = (text) => String.fromCharCode(...new TextEncoder().encode(text));
const arrayOf = (bytes) => Uint8Array.from(bytes, (character) => character.charCodeAt(0));

class Tokenizer {
  constructor({ merges, vocabulary, special_tokens, pattern }) {
    this.vocabulary = new Map(Object.entries(vocabulary).map(([id, bytes]) => [Number(id), bytes]));
    this.special = new Map(Object.entries(special_tokens));
    this.pattern = pattern === null ? null : new RegExp(pattern, 'gu');
    this.ranks = new Map(merges.map(([left, right], rank) => [`${left}\u0100${right}`, rank]));
    // Where two ids have the same bytes, the lower one is used, and that of a special token only if there is no other.
    const special = new Set(this.special.values());
    const order = [...this.vocabulary.keys()].sort((a, b) => special.has(b) - special.has(a) || b - a);
    this.idOf = new Map(order.map((id) => [this.vocabulary.get(id), id]));
  }

  /** The ids of a text; a special token that stands in it becomes its one id. */
  encode(text) {
    const names = [...this.special.keys()].sort((a, b) => b.length - a.length); // where two begin, the longer counts
    const ids = [];
    let start = 0;
    for (let place = 0; place < text.length; ) {
      const name = names.find((one) => text.startsWith(one, place));
      if (name === undefined) {
        place++;
        continue;
      }
      ids.push(...this.encodePlain(text.slice(start, place)), this.special.get(name));
      start = place += name.length;
    }
    return [...ids, ...this.encodePlain(text.slice(start))];
  }

  encodePlain(text) {
    if (!text) return [];
    const chunks = this.pattern === null ? [text] : text.match(this.pattern);
    return chunks.flatMap((chunk) => this.mergeChunk([...bytesOf(chunk)]).map((symbol) => this.idOf.get(symbol)));
  }

  /** Of all pairs, the one whose merge was learned first is merged next, the leftmost where there are several. */
  mergeChunk(symbols) {
    for (;;) {
      let best = Infinity, at = -1;
      for (let i = 0; i + 1 < symbols.length; i++) {
        const rank = this.ranks.get(`${symbols[i]}\u0100${symbols[i + 1]}`) ?? Infinity;
        if (rank < best) [best, at] = [rank, i];
      }
      if (at < 0) return symbols;
      symbols.splice(at, 2, symbols[at] + symbols[at + 1]);
    }
  }

  /** The text of the ids; bytes that are no UTF-8, such as half a character, become U+FFFD. */
  decode(ids) {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      arrayOf(ids.map((id) => this.vocabulary.get(id)).join('')),
    );
  }

  /** What each id adds to the text: characters that are complete with it, '' while one is not. */
  pieces(ids) {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return ids.map((id) => decoder.decode(arrayOf(this.vocabulary.get(id)), { stream: true }));
  }
}
