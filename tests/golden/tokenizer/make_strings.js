// Writes tests/golden/tokenizer/strings.bin: sums of what Hugging Face's tokenizer (the Rust library) makes of
//   10,000 generated texts, a sum each; the pieces of the vocabulary as texts, a sum for each 16; every code point between two letters, a sum for each 256.
//   npm install @anush008/tokenizers@0.6.0 in a folder of its own, then there: node make_strings.js TOKENIZER.json REPOSITORY
// The tests draw the same texts from the same generator; a sum (FNV-1a, 32 bits) runs over the text's UTF-16 words and then its ids.
// With a third argument N the N-th text and its ids are printed instead.
const { readFileSync, writeFileSync } = require('fs');
const { Tokenizer } = require('@anush008/tokenizers');

const [source, repository, only] = process.argv.slice(2);
const pieces = readFileSync(`${repository}/data/bert-vocab/vocab.txt`, 'utf8').split('\n').filter(line => line.length > 0);
const classes = readFileSync(`${repository}/tests/golden/tokenizer/classes.txt`, 'utf8').trim().split('\n').map(line =>
  line.split(' ').slice(1).map(range => range.split('-').map(code => parseInt(code, 16))).map(([from, to]) => [from, to ?? from]));

let state = 20240731;
const next = bound => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state * bound / 4294967296);
};
const letter = ranges => {
  let at = next(ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0));
  for (const [from, to] of ranges) {
    if (at <= to - from) return from + at;
    at -= to - from + 1;
  }
};
const sign = code => code < 0x10000 ? String.fromCharCode(code) : String.fromCodePoint(code);
const part = () => {
  const kind = next(4);
  if (kind === 0) return pieces[next(pieces.length)] + (next(2) === 0 ? ' ' : '');
  if (kind === 1) return ' ';
  return sign(letter(classes[next(classes.length)]));
};
const text = number => {
  const one = classes[next(classes.length)];
  let result = '';
  if (number % 8 === 0) {
    // Long words: about the limit of 100 letters.
    const count = 95 + next(12), repeated = next(2) === 0 ? sign(97 + next(26)) : sign(letter(one));
    for (let i = 0; i < count; i++) result += next(200) === 0 ? part() : repeated;
  } else if (number % 8 === 1) {
    // One script alone.
    const count = 1 + next(40);
    for (let i = 0; i < count; i++) result += sign(letter(one));
  } else {
    const count = 1 + next(24);
    for (let i = 0; i < count; i++) result += part();
  }
  return result;
};

(async () => {
  const tokenizer = await Tokenizer.fromFile(source);
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  const ids = async string => (await tokenizer.encode(string)).getIds();
  let sum;
  const start = () => { sum = 0x811c9dc5; };
  const add = word => {
    for (const byte of [word & 255, word >> 8]) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  };
  const addText = async string => {
    for (let i = 0; i < string.length; i++) add(string.charCodeAt(i));
    for (const id of await ids(string)) add(id);
  };
  const sums = [];
  for (let number = 0; number < 10000; number++) {
    const string = text(number);
    if (String(number) === only) {
      console.log(JSON.stringify(string).replace(/[^ -~]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')), (await ids(string)).join(','));
      return;
    }
    start();
    await addText(string);
    sums.push(sum);
  }
  for (let i = 0; i < pieces.length; i++) {
    if (i % 16 === 0) start();
    await addText(pieces[i]);
    if (i % 16 === 15 || i === pieces.length - 1) sums.push(sum);
  }
  for (let code = 0; code < 0x110000; code++) {
    if (code % 256 === 0) start();
    if (code < 0xd800 || code > 0xdfff) await addText('a' + sign(code) + 'b');
    if (code % 256 === 255) sums.push(sum);
  }
  writeFileSync(`${repository}/tests/golden/tokenizer/strings.bin`, Buffer.from(new Uint32Array(sums).buffer));
})();
