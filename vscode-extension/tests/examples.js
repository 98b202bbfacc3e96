// Every example of the repository as it is now: each task's name is highlighted, nothing is invalid, and nothing leaks past its end.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const oniguruma = require("vscode-oniguruma");
const { Registry, INITIAL, parseRawGrammar } = require("vscode-textmate");

const root = path.join(__dirname, "..");
const grammars = {
  "source.flow": path.join(root, "syntaxes/flow.tmLanguage.json"),
  "source.python": path.join(root, "node_modules/tm-grammars/grammars/python.json"),
  "source.shell": path.join(root, "node_modules/tm-grammars/grammars/shellscript.json"),
};

async function loadGrammar() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) =>
      grammars[scope] ? parseRawGrammar(fs.readFileSync(grammars[scope], "utf8"), grammars[scope]) : null,
  });
  return registry.loadGrammar("source.flow");
}

function* tokensOf(grammar, text) {
  let stack = INITIAL;
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    for (const token of tokens) yield { number: number + 1, text: line.slice(token.startIndex, token.endIndex), scopes: token.scopes };
  }
  assert.strictEqual(stack.depth, 1, "something is still open at the end of the file");
}

function checkFile(grammar, file) {
  const text = fs.readFileSync(file, "utf8");
  const tokens = [...tokensOf(grammar, text)];
  for (const token of tokens)
    assert.ok(!token.scopes.some((scope) => scope.startsWith("invalid.")), `${file}:${token.number}: ${token.text} is invalid`);
  const declared = [...text.matchAll(/^ *(?:(?:finally|on failure) \{ *)?(?:(?:task|wait|mock) +(\w+)|call +(\w+)(?= (?:=|for|when|->)))/gm)].map(
    (match) => match[1] ?? match[2],
  );
  const shown = tokens.filter((token) => token.scopes.includes("entity.name.function.task.flow")).map((token) => token.text);
  assert.deepStrictEqual(shown, declared, file);
  const inside = (kind) => tokens.some((token) => token.scopes.some((scope) => scope.endsWith(`.${kind}.flow`) && scope.includes("embedded")));
  assert.strictEqual(inside("shell"), /\bshell "/.test(text), `${file}: shell inside`);
  assert.strictEqual(inside("python"), /(?<!from )\bpython ('''|")/.test(text), `${file}: Python inside`);
  return declared.length;
}

function* flowFiles(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith(".")) yield* flowFiles(full);
    else if (entry.isFile() && entry.name.endsWith(".flow")) yield full;
  }
}

async function main() {
  const grammar = await loadGrammar();
  const files = [...flowFiles(path.join(root, "../examples"))];
  assert.ok(files.length >= 5, "the examples are missing");
  const counts = files.map((file) => checkFile(grammar, file));
  console.log(`examples: ${files.length} files, ${counts.reduce((a, b) => a + b)} tasks highlighted`);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
