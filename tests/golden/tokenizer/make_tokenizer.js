// Writes tests/golden/tokenizer/bert-uncased.jsonl: texts and the ids that Hugging Face's tokenizer (the Rust library) gives them.
//   npm install @anush008/tokenizers@0.6.0 in a folder of its own, then there: node make_tokenizer.js TOKENIZER.json OUT.jsonl
// TOKENIZER.json is that of bert-base-uncased; its padding and truncation are turned off.
const { writeFileSync } = require('fs');
const { Tokenizer } = require('@anush008/tokenizers');

const hand = [
  '', ' ', 'Atelectasis', 'Calcification', 'Cardiomegaly', 'Consolidation', 'Diffuse Nodule', 'Effusion', 'Emphysema', 'Fibrosis', 'Fracture',
  'Mass', 'Nodule', 'Pleural Thickening', 'Pneumothorax', 'Pleural_Thickening', 'no acute cardiopulmonary abnormality.',
  'opacity > 5mm² in the left-lower lobe', 'a<b a>b a+b a=b a$b a^b a`b a|b a~b', '50% (n=12) [x] {y} "z" \'w\'', 'T12/L1 @ 37.5°C ± 0.2', 'x² + y³ ≤ ½ ≠ ∞',
  'µ α β Σ ΑΣ ς', '€ £ ¥ ¢ ₿ $', '→ ← ↑ ↔ ⇒', '™ © ® § ¶ † ‡ •', '“quotes” ‘single’ «guillemets» – — … ‐', 'naïve café résumé Ångström Čapek', 'ÀÁÂÃÄÅ ÇÈÉÊË ÌÍÎÏ ÑÒÓÔÕÖ ÙÚÛÜÝ',
  'e\u0301 a\u0308\u0304 o\u0328\u0301', 'İstanbul ı ß ẞ Œ Æ Ø Đ Ł þ ð', 'ﬁ ﬂ Å K Ω', 'ά έ ή ί ό ύ ώ ΐ ᾷ', 'ё й Ё Й', 'ヴァイオリン が ぱ ｶﾞ', '中国 医学影像 胸部Ｘ線', '豈 更 \u{2F800} \u{20000}',
  '가나다 각 한국어 힣', 'नमस्ते हिन्दी', 'สวัสดี', 'مرحبا ١٢٣', 'שלום', '😀 lungs 🫁 🥺 👩‍⚕️ 🇨🇭', 'a😀b', '𝔸𝕓 𝟙', '\u{1F1E6}', 'zero\u200bwidth \u200djoin\u00adhyphen \ufeffbom',
  'tab\there\nnew\r\nline', 'nul\u0000bell\u0007esc\u001bdel\u007f', 'nel\u0085x ls\u2028x ps\u2029x nbsp\u00a0x em\u2003x ideo\u3000x', 'repl\ufffdx private\ue000x', 'a\u0301', '\u0301', '\u0301\u0302 x',
  '[CLS] a [SEP] b [PAD][MASK] [UNK] [cls] [ MASK ] [[SEP]]', '##ing ## #', 'un##able', 'x'.repeat(100), 'x'.repeat(101), 'é'.repeat(100), 'é'.repeat(101), '中'.repeat(120), '😀'.repeat(101),
  'pneumonoultramicroscopicsilicovolcanoconiosis', 'qzxqzxqzx', '0123456789 1,000,000.00', '-.-.-', 'don\'t can\'t o\'clock', 'http://example.org/a?b=c&d#e', 'ALL CAPS TEXT',
];
const pool = [
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)), ...'éÜñøß²³½µ°±×÷§«»¿¡', ...'αΩжЯشअกא', ...'中肺胸が가한', ...'😀🫁𝔸', ...'–—…“”•€→≤∞', '\u0301', '\u0308', '\u200b', '\u00ad', '\t', '\n',
  '\u0000', '\u0085', '\u00a0', '\ufffd', 'lung ', 'effusion', 'opacity', 'pneumo', 'thorax ', '##', '[SEP]', '[MASK',
];
let state = 12345;
const next = bound => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % 65536 % bound;
const drawn = Array.from({ length: 400 }, () => Array.from({ length: 1 + next(24) }, () => pool[next(pool.length)]).join(''));

(async () => {
  const tokenizer = await Tokenizer.fromFile(process.argv[2]);
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  const lines = [];
  for (const text of [...hand, ...drawn]) {
    // ASCII only, so that no editor changes what a text holds.
    const quoted = JSON.stringify(text).replace(/[^ -~]/g, letter => '\\u' + letter.charCodeAt(0).toString(16).padStart(4, '0'));
    lines.push(`{"text":${quoted},"ids":[${(await tokenizer.encode(text)).getIds().join(',')}]}`);
  }
  writeFileSync(process.argv[3], lines.join('\n') + '\n');
})();
