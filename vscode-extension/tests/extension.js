// The extension with a mocked editor and client: which server it starts, that it restarts it, and what it says where there is none.
"use strict";

const assert = require("node:assert");
const Module = require("node:module");
const path = require("node:path");
const esbuild = require("esbuild");

const root = path.join(__dirname, "..");
const { outputFiles } = esbuild.buildSync({
  entryPoints: [path.join(root, "src", "extension.ts")],
  bundle: true,
  platform: "node",
  format: "cjs",
  external: ["vscode", "vscode-languageclient/node"],
  write: false,
});
const clients = [];
const told = [];
const opened = [];
let configured = "";
let fails = false;
const handlers = {};

class LanguageClient {
  constructor(id, name, server, options) {
    Object.assign(this, { id, name, server, options, running: false });
    clients.push(this);
  }
  async start() {
    if (fails) throw new Error("spawn nothing ENOENT");
    this.running = true;
  }
  async dispose() {
    this.running = false;
  }
}

const vscode = {
  workspace: {
    workspaceFolders: [{ uri: { fsPath: "/home/me/project" } }],
    getConfiguration: (section) => ({ get: (name) => (section === "flow" && name === "path" ? configured : undefined) }),
    createFileSystemWatcher: (glob) => ({ glob }),
    onDidChangeConfiguration: (handler) => ((handlers.configuration = handler), { dispose() {} }),
  },
  commands: {
    registerCommand: (name, handler) => ((handlers[name] = handler), { dispose() {} }),
    executeCommand: async (...command) => void opened.push(command),
  },
  window: { showErrorMessage: async (message, action) => (told.push(message), action) },
};

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request === "vscode") return vscode;
  if (request.startsWith("vscode-languageclient")) return { LanguageClient, TransportKind: { stdio: 0 } };
  return load.call(this, request, ...rest);
};

async function main() {
  const extension = new Module("extension");
  extension._compile(outputFiles[0].text, path.join(root, "extension.js"));
  const context = { subscriptions: [] };

  await extension.exports.activate(context);
  assert.strictEqual(context.subscriptions.length, 2);
  assert.strictEqual(clients.length, 1);
  assert.deepStrictEqual([clients[0].server.command, clients[0].server.args], ["flow", ["lsp"]]);
  assert.deepStrictEqual(clients[0].options.documentSelector, [{ language: "flow" }]);
  assert.ok(clients[0].running);

  configured = "/opt/flow";
  await handlers.configuration({ affectsConfiguration: (name) => name === "flow.path" });
  assert.ok(!clients[0].running, "the old server goes on");
  assert.strictEqual(clients[1].server.command, "/opt/flow");
  await handlers.configuration({ affectsConfiguration: () => false });
  assert.strictEqual(clients.length, 2);

  await handlers["flow.restartServer"]();
  assert.ok(!clients[1].running && clients[2].running);

  configured = "${workspaceFolder}/.venv/bin/flow";
  await handlers["flow.restartServer"]();
  assert.strictEqual(clients[3].server.command, "/home/me/project/.venv/bin/flow");
  configured = "/opt/flow";

  fails = true;
  await handlers["flow.restartServer"]();
  assert.match(told[0], /"\/opt\/flow lsp" does not start.*pip install flow-dsl/);
  assert.deepStrictEqual(opened, [["workbench.action.openSettings", "flow.path"]]);

  await extension.exports.deactivate();
  assert.ok(clients.every((client) => !client.running));
  console.log(`extension: ${clients.length} servers started and ended as they should`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
