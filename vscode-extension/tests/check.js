// The files of the extension itself: what package.json names exists, and every pattern is one that the editor can compile.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const read = (name) => JSON.parse(fs.readFileSync(path.join(root, name), "utf8"));

const { contributes } = read("package.json");
const [language] = contributes.languages;
const [grammar] = contributes.grammars;
assert.deepStrictEqual(language.extensions, [".flow"]);
assert.strictEqual(read(grammar.path).scopeName, grammar.scopeName);

const configuration = read(language.configuration);
for (const pattern of [...Object.values(configuration.indentationRules), configuration.wordPattern]) new RegExp(pattern, "u");

const increases = new RegExp(configuration.indentationRules.increaseIndentPattern);
for (const line of ["workflow a {", '  shell """', "  python '''", "  call f(", "  in x: list[str] = [  # words"]) assert.match(line, increases);
for (const line of ["# a {", "  after [a, b]", "}", '  shell "true"']) assert.doesNotMatch(line, increases);

const snippets = Object.entries(read(contributes.snippets[0].path));
assert.ok(snippets.length >= 8);
assert.strictEqual(new Set(snippets.map(([, snippet]) => snippet.prefix)).size, snippets.length, "two snippets with one prefix");
for (const [name, snippet] of snippets) assert.ok(snippet.description && snippet.body.length, name);

const lock = fs.readFileSync(path.join(root, "package-lock.json"), "utf8");
assert.ok(!lock.includes('"resolved"'), "package-lock.json names a registry host");

console.log(`check: ${snippets.length} snippets, configuration and manifest are sound`);
